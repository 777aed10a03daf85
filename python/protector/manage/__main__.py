"""``python -m protector.manage``, where the script is not in PATH."""

import sys

from protector.manage import main

if __name__ == "__main__":
    sys.exit(main())
