"""Programs that run in a Python of their own: what they load, set or use must not be there before; pure, no pytest."""

import os
import subprocess
import sys

from mnistlab.paths import PROJECT


def printed(source: str, **settings: str) -> str:
    """What a fresh Python prints that runs this source in the project, with more variables in its environment."""
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        env=os.environ | settings,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
