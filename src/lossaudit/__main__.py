"""`python -m lossaudit`."""

import sys

from lossaudit.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
