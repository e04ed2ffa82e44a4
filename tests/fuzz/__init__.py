"""A forger with documents of others: rewrites what was signed, and sees what still counts."""
