"""The command line on a terminal of a certain width, as a person sees it."""

import os
import re
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable

from mnistlab.paths import PROJECT

_PATIENCE = 60.0  # seconds


class Terminal:
    """A process of `python -m tests.tiny` on a pseudo-terminal, and what it has written there so far."""

    def __init__(self, columns: int, *arguments: str) -> None:
        import fcntl
        import termios

        self._mine, its = os.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tiny", *arguments],
            cwd=PROJECT,
            env={name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=its,
            stderr=its,
        )
        os.close(its)
        self.written = ""

    def read_until(self, is_enough: Callable[[str], object]) -> None:
        until = time.monotonic() + _PATIENCE
        while not is_enough(self.written):
            assert time.monotonic() < until, self.written
            if select.select([self._mine], [], [], 0.1)[0] and not self._read():
                return

    def _read(self) -> bool:
        try:
            content = os.read(self._mine, 65536)
        except OSError:  # how Linux says that nobody writes there any more
            return False
        self.written += content.decode()
        return bool(content)

    def close(self) -> None:
        """Close the window."""
        os.close(self._mine)

    def end(self) -> int:
        """Read to the end; return the exit code."""
        self.read_until(lambda _: False)
        self.close()
        return self.process.wait(_PATIENCE)

    @property
    def drawings(self) -> list[str]:
        """What stood on a line, one after the other."""
        return [part for part in re.split(r"[\r\n]+", self.written) if part.strip()]

    @property
    def lines(self) -> list[str]:
        """What stands there at the end: a line is what was written to it last."""
        return [line.split("\r")[-1] for line in self.written.replace("\r\n", "\n").splitlines()]
