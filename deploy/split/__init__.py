"""More than one writer: communities in several databases behind one (docs/splitting.md)."""
