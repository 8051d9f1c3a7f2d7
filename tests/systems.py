"""What a test needs of the system that it runs on."""

import os

import pytest

needs_posix = pytest.mark.skipif(
    os.name != "posix", reason="signals, limits, terminals or uses of open files that Windows does not have"
)
