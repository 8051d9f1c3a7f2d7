"""`python -m mnistlab`: the lab without a browser."""

import sys

from mnistlab.cli import main

sys.exit(main())
