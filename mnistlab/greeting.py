"""Whether a Dask scheduler answers at an address: Dask would wait forever for a program that listens but says nothing.

That may be a scheduler's dashboard, another program at a mistyped port, or a suspended engine.
"""

import asyncio
from typing import Any

from mnistlab.errors import EngineError

_CONNECT_SECONDS = 9.0  # to get a connection
_PATIENCE = 10.0  # seconds to get a connection and Dask's handshake; milliseconds are usual


def check(address: str, security: Any, advice: str, silence: type[EngineError] = EngineError) -> None:
    """Check that a Dask scheduler answers with a handshake, as each does at once.

    Args:
        security: the Dask security settings of the client that is to be made.
        advice: what to do if another program listens there, or one that is silent.
        silence: the error to raise if whatever listens there is silent.

    Raises:
        EngineError: whatever listens there is silent, or does not speak Dask's protocol.
        OSError: nothing can be reached there, or it refuses us.
    """
    from distributed.utils import LoopRunner

    try:
        LoopRunner().run_sync(_be_greeted, address, security.get_connection_args("client"))
    except TimeoutError as error:
        raise silence(
            f"Something listens at {address}, but it has said nothing for {_PATIENCE:g} seconds. {advice}"
        ) from error
    except (OSError, RuntimeError):  # RuntimeError: on our own side, as when a server is being stopped
        raise
    except Exception as error:  # whatever Dask raises on another protocol: too long, not decodable, no handshake
        raise EngineError(f"Whatever listens at {address} does not speak Dask's language. {advice}") from error


def check_certificates(wanted: str) -> None:
    """Check that Dask's settings name the certificates for TLS; otherwise it would fail without saying so.

    Raises:
        EngineError: they do not, or the files cannot be read.
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
