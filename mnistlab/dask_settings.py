"""How Dask is set in the local engine, whatever settings of their own its user has for other clusters.

Those, of Dask's files and of DASK_ variables, may ask for certificates, for another way to start processes, for folders
and modules that are not there. To a scheduler that MNISTLAB_SCHEDULER names they apply.
"""

import logging

import dask
import distributed.config  # noqa: F401 - its defaults are among those that are read again
from distributed import Client, Security

_WITHOUT_CERTIFICATES = {
    f"tls_{name}": None for name in ("ca_file", "client_cert", "client_key", "min_version", "max_version", "ciphers")
}


def use(threads: str) -> None:
    """Set Dask for this process and the workers that it starts.

    Args:
        threads: with how many each of them computes.
    """
    dask.config.refresh(paths=[], env={})
    dask.config.set(_settings(threads))


def hush() -> None:
    """Keep Dask from telling the terminal at length that an engine has ended, as engines do."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def own_client(address: str) -> Client:
    """A client of the local engine at this address."""
    with dask.config.set({"distributed.client.preload": [], "distributed.client.preload-argv": []}):
        return Client(address, security=own_security(), set_as_default=False, timeout=10)


def own_security() -> Security:
    """How one speaks with the local engine: plainly."""
    return Security(require_encryption=False, **_WITHOUT_CERTIFICATES)


def _settings(threads: str) -> dict[str, object]:
    """What Dask does otherwise by itself."""
    return {
        "distributed.scheduler.allowed-failures": 20,  # the queue counts deaths itself, by run and step
        # A laptop that slept has been silent for hours, and its workers are well. Of real deaths their nannies tell.
        "distributed.scheduler.worker-ttl": None,
        # On a busy machine a worker's successor needs longer than the 15 s after which Dask gives up its nanny too, and
        # with it the place of that worker for good.
        "distributed.deploy.lost-worker-timeout": "365 days",
        "distributed.nanny.pre-spawn-environ.OMP_NUM_THREADS": threads,
        "distributed.nanny.pre-spawn-environ.MKL_NUM_THREADS": threads,
        # A thread that waits for its twin spins for a moment, then sleeps. Spinning on costs a busy machine, where
        # the twin gets no core, most of its speed; sleeping at once costs a quiet one two thirds of it.
        "distributed.nanny.pre-spawn-environ.GOMP_SPINCOUNT": "30000",
        # Dask's own statistics, which nobody reads here, take a worker's interpreter from its training 300 times a
        # second: a tenth of the tutorial network's pace.
        "distributed.worker.profile.enabled": False,
        # A worker listens for browsers too, and cannot be told not to; it has nothing to tell them.
        "distributed.worker.http.routes": [],
        "distributed.scheduler.http.routes": [],
        "distributed.admin.tick.interval": "1 s",
        "distributed.admin.system-monitor.interval": "10 s",
    }
