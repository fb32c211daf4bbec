"""``python -m mltoolkit`` is ``mltoolkit``."""

import sys

from mltoolkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
