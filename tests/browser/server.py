"""A Streamlit server for the time of a test: a free port, a lab folder of its own, gone afterwards."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0  # seconds until the first answer; a cold import of torch takes some of it


@contextmanager
def start_server(
    script: Path, lab: Path, env: dict[str, str] | None = None, terminal: Path | None = None
) -> Iterator[str]:
    """Run `script` with Streamlit from the project's root and yield its address, as "http://localhost:41234".

    lab: the data folder the app uses (MNISTLAB_LAB). env: more environment variables.
    terminal: a file for what the server writes.
    Raises: RuntimeError with the end of the server's output if it does not answer.
    """
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true"]
    command += ["--server.port", str(port)]
    variables = {**os.environ, "MNISTLAB_LAB": str(lab), **(env or {})}
    base = variables.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
    address = f"http://localhost:{port}/{base}".rstrip("/")
    with open(terminal, "w+b") if terminal else tempfile.TemporaryFile() as output:
        server = subprocess.Popen(
            command, cwd=PROJECT, env=variables, start_new_session=True, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            if not _answers(f"{address}/_stcore/health", server):
                output.seek(0)
                raise RuntimeError(f"{script.name} did not start:\n{output.read()[-3000:].decode()}")
            yield address
        finally:
            _end(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    return False


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server and all that it started, the detached too: first kindly, after 5 seconds by force."""
    family = _family(server)
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(family, timeout=5)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    if os.name == "posix":
        with suppress(ProcessLookupError):  # what has lost its parent is still in the group
            os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _family(server: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        parent = psutil.Process(server.pid)
        return [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return []
