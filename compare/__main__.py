"""python -m compare: see compare/arguments.py."""

import sys

from compare.command import main

if __name__ == "__main__":
    sys.exit(main())
