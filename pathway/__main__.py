"""`python -m pathway` is the command `pathway`."""

import sys

from pathway.cli import main

sys.exit(main())
