"""python -m compare: see compare/arguments.py."""

import logging
import sys

from compare.command import main

if __name__ == "__main__":
    # What a service would log of a dry run, such as a wallet that was not had, the report says.
    logging.getLogger("api").addHandler(logging.NullHandler())
    sys.exit(main())
