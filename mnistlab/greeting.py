"""Whether a Dask scheduler speaks at an address: Dask would wait without an end for one who listens and says nothing.

Such are a scheduler's dashboard, another program at a port that was mistyped, and an engine that has been stopped.
"""

import asyncio
from typing import Any

from mnistlab.errors import EngineError

_CONNECT_SECONDS = 9.0  # until somebody listens there
_PATIENCE = 10.0  # seconds, until he has also said who he is; milliseconds are usual


def check(address: str, security: Any, advice: str, silence: type[EngineError] = EngineError) -> None:
    """See that a Dask scheduler greets us, as each does at once.

    Args:
        security: Dask's, of the client that is to be made.
        advice: what to do where it is another one who listens, or nobody who speaks.
        silence: what is raised where nobody speaks.

    Raises:
        EngineError: one listens there who says nothing, or nothing that Dask understands.
        OSError: nobody can be reached there, or he refuses us.
    """
    from distributed.utils import LoopRunner

    try:
        LoopRunner().run_sync(_be_greeted, address, security.get_connection_args("client"))
    except TimeoutError as error:
        raise silence(
            f"Something listens at {address}, but it has said nothing for {_PATIENCE:g} seconds. {advice}"
        ) from error
    except (OSError, RuntimeError):  # RuntimeError: of our own side, as of a server that is being stopped
        raise
    except Exception as error:  # whatever Dask makes of another one's words: too long, not to be unpacked, no greeting
        raise EngineError(f"Whatever listens at {address} does not speak Dask's language. {advice}") from error


def check_certificates(wanted: str) -> None:
    """See that Dask's own settings name what a TLS connection needs; it would fail without saying so.

    Raises:
        EngineError: they do not, or there are no such files.
    """
    from distributed import Security

    if not wanted.startswith("tls://"):
        return
    advice = (
        "Name the lab's certificate authority and a certificate that it has signed in DASK_DISTRIBUTED__COMM__TLS__"
        "CA_FILE, ...__CLIENT__CERT and ...__CLIENT__KEY, or in Dask's configuration file."
    )
    try:
        if Security().get_connection_args("client").get("ssl_context") is None:
            raise EngineError(f"The scheduler at {wanted} asks for a certificate, and there is none. {advice}")
    except OSError as error:
        raise EngineError(f"The certificate for {wanted} cannot be read: {error}. {advice}") from error


async def _be_greeted(address: str, settings: dict[str, Any]) -> None:
    from distributed.comm.core import connect

    comm = await asyncio.wait_for(connect(address, timeout=_CONNECT_SECONDS, **settings), _PATIENCE)
    comm.abort()
