"""`python -m mnistlab`: the lab without a browser."""

import sys

try:
    from mnistlab.cli import main

    sys.exit(main())
except KeyboardInterrupt:  # while it was being imported; later on, each command knows what to do
    sys.exit(130)
