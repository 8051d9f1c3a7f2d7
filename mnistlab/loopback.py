"""The address at which processes of this computer reach each other: without it there is no engine."""

import errno
import socket

from mnistlab.errors import EngineError

HOST = "127.0.0.1"
_NOT_THERE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ECONNREFUSED)
_PATIENCE = 5.0  # seconds; microseconds are usual


def check() -> None:
    """Check that this computer can reach itself; Dask would try for half a minute, and not say what is missing.

    Raises:
        EngineError: it cannot.
        OSError: this could not be checked, for example because too many files are open.
    """
    try:
        with socket.create_server((HOST, 0)) as server:
            socket.create_connection(server.getsockname(), timeout=_PATIENCE).close()
    except OSError as error:
        if error.errno not in _NOT_THERE and not isinstance(error, TimeoutError):
            raise
        raise EngineError(
            f"Processes of this computer cannot reach each other at {HOST} ({error.strerror or error}), as trainings "
            "in the engine do. Set up its loopback interface, on Linux by `ip link set lo up`, or train without an "
            "engine: `python -m mnistlab train`, `python -m mnistlab sweep start --here`."
        ) from None  # the engine reports the root of a chain
