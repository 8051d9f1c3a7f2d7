"""Dask's settings in the local engine, independent of those its user has for other clusters.

The user's, in Dask's files and DASK_ variables, may ask for certificates, for another way to start processes, or for
folders and modules that are not there. They do apply to a scheduler named by MNISTLAB_SCHEDULER.
"""

import logging

import dask
import distributed.config  # noqa: F401 - its defaults are among those that are read again
from distributed import Client, Security

_WITHOUT_CERTIFICATES = {
    f"tls_{name}": None for name in ("ca_file", "client_cert", "client_key", "min_version", "max_version", "ciphers")
}


def use(threads: str) -> None:
    """Configure Dask for this process and the workers that it starts.

    Args:
        threads: how many threads each of them computes with.
    """
    dask.config.refresh(paths=[], env={})
    dask.config.set(_settings(threads))


def hush() -> None:
    """Keep Dask from logging at length that an engine has ended, which is normal."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def own_client(address: str) -> Client:
    """A client of the local engine at this address."""
    with dask.config.set({"distributed.client.preload": [], "distributed.client.preload-argv": []}):
        return Client(address, security=own_security(), set_as_default=False, timeout=10)


def own_security() -> Security:
    """The security of connections to the local engine: none, and no encryption."""
    return Security(require_encryption=False, **_WITHOUT_CERTIFICATES)


def _settings(threads: str) -> dict[str, object]:
    """The settings that differ from Dask's defaults."""
    return {
        "distributed.scheduler.allowed-failures": 20,  # the queue counts deaths itself, by run and step
        # After a laptop slept, its workers have been silent for hours and are well. Nannies report those that die.
        "distributed.scheduler.worker-ttl": None,
        # On a busy machine a worker's successor needs longer than the 15 s after which Dask gives up its nanny too, and
        # with it the place of that worker for good.
        "distributed.deploy.lost-worker-timeout": "365 days",
        "distributed.nanny.pre-spawn-environ.OMP_NUM_THREADS": threads,
        "distributed.nanny.pre-spawn-environ.MKL_NUM_THREADS": threads,
        # A thread that waits for another spins for a moment, then sleeps. Spinning on would cost most of the speed on
        # a busy machine, where the other gets no core; sleeping at once would cost two thirds of it on a quiet one.
        "distributed.nanny.pre-spawn-environ.GOMP_SPINCOUNT": "30000",
        # Dask's profiler, which nobody uses here, interrupts a worker's training 300 times a second: a tenth of the
        # tutorial network's speed.
        "distributed.worker.profile.enabled": False,
        # A worker's HTTP server cannot be switched off, so it is left without routes.
        "distributed.worker.http.routes": [],
        "distributed.scheduler.http.routes": [],
        "distributed.admin.tick.interval": "1 s",
        "distributed.admin.system-monitor.interval": "10 s",
    }
