"""What a lab consists of, for real: a PostgreSQL server, a Dask scheduler and workers."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import sqlalchemy as sa

PROJECT = Path(__file__).resolve().parents[2]
PLACE = ("--host", "127.0.0.1", "--no-dashboard")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: "subprocess.Popen[bytes]", patience: float = 10) -> None:
    """End a process and all its children, by force if need be."""
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        family = [parent, *parent.children(recursive=True)]
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def postgres_programs() -> Path | None:
    """The folder of initdb and postgres: on the PATH, or where Debian puts them."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return folders[0] if folders else None


class Postgres:
    """A PostgreSQL server that can be stopped and started again; its address is without the name of a database."""

    def __init__(self, command: list[object], port: int, **how: object) -> None:
        self.address = f"postgresql+psycopg://teacher@127.0.0.1:{port}"
        self._command, self._how = command, how
        self.start()

    def start(self) -> None:
        self._server = subprocess.Popen(self._command, **self._how)  # type: ignore[call-overload]

    def stop(self) -> None:
        """Close all connections and end."""
        self._server.send_signal(signal.SIGINT)
        self._server.wait(30)


@contextmanager
def postgres(programs: Path) -> Iterator[Postgres]:
    """A PostgreSQL server of its own."""
    folder = Path(tempfile.mkdtemp(prefix="mnistlab-postgres-"))
    user = "postgres" if hasattr(os, "getuid") and os.getuid() == 0 else None  # it refuses to be run by root
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    making = [programs / "initdb", "-D", data, "-A", "trust", "-U", "teacher", "--no-sync", "--locale=C", "-E", "UTF8"]
    subprocess.run(making, check=True, user=user, **quiet)  # type: ignore[call-overload]
    command = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
    server = Postgres(command, port, user=user, **quiet)
    try:
        _wait_until_it_answers(server.address)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_it_answers(address: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            make_database(address, "first")
            return
        except sa.exc.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def make_database(address: str, name: str) -> str:
    """Make an empty database on the server and return its address."""
    engine = sa.create_engine(f"{address}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return f"{address}/{name}"


# Dask's own statistics, which the README turns off too: they take time from a training.
QUIET = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "10s",
}


class Cluster:
    """A Dask scheduler and workers as a lab runs them: processes of their own, started by hand."""

    def __init__(self, folder: Path, protocol: str = "tcp", settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"{protocol}://127.0.0.1:{self.port}"
        self.settings = dict(settings or {})
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, num_workers: int = 2) -> None:
        protocol = self.address.partition(":")[0]
        self._run("scheduler", *PLACE, "--protocol", protocol, "--port", str(self.port))
        for _ in range(num_workers):
            self.add_worker()

    def add_worker(self, *arguments: str) -> "subprocess.Popen[bytes]":
        own = self.folder / f"worker-{len(self.processes)}"
        self._run("worker", self.address, *PLACE, "--nthreads", "1", "--local-directory", str(own), *arguments)
        return self.processes[-1]

    def kill(self) -> None:
        """As a power cut does it."""
        for process in self.processes:
            for child in psutil.Process(process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            process.kill()
            process.wait()
        self.processes = []

    def end(self) -> None:
        for process in reversed(self.processes):
            end(process)
        self.processes = []

    def _run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "dask", *arguments]
        environment = os.environ | self.settings
        environment |= {"DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "false"} | QUIET
        with (self.folder / f"{arguments[0]}-{len(self.processes)}.log").open("ab") as output:
            self.processes.append(
                subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT)
            )
