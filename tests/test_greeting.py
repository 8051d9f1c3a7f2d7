"""Somebody listens where a Dask scheduler should, and says nothing, or something else: that is told within seconds."""

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from distributed import LocalCluster, Security

from mnistlab import dask_settings, engine, greeting, jobs, notice
from mnistlab.config import parse_config
from mnistlab.errors import EngineError
from mnistlab.store import Store


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "_PATIENCE", 1.0)
    monkeypatch.setattr(engine, "_client", None)


@pytest.fixture
def listen() -> Iterator[Callable[[bytes], str]]:
    """Somebody who says this to whoever comes, and hangs on; what is returned is the address."""
    servers: list[socket.socket] = []
    visitors: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def greet(server: socket.socket, words: bytes) -> None:
        try:
            while True:
                visitors.append(server.accept()[0])
                visitors[-1].sendall(words)
        except OSError:  # the test is over
            return

    def start(words: bytes) -> str:
        servers.append(socket.create_server(("127.0.0.1", 0)))
        threads.append(threading.Thread(target=greet, args=(servers[-1], words), daemon=True))
        threads[-1].start()
        return f"tcp://127.0.0.1:{servers[-1].getsockname()[1]}"

    yield start
    for server in servers:
        with contextlib.suppress(OSError):  # macOS: nobody is connected to it
            server.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(5)
    for one in servers + visitors:
        one.close()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (b"", "has said nothing for 1 seconds"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "does not speak Dask's language"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak Dask's language"),
    ],
)
def test_who_is_no_scheduler_is_not_waited_for(
    listen: Callable[[bytes], str], store: Store, monkeypatch: pytest.MonkeyPatch, words: bytes, told: str
) -> None:
    address = listen(words)
    monkeypatch.setenv("MNISTLAB_SCHEDULER", address)
    began = time.monotonic()
    with pytest.raises(EngineError, match=rf"listens at {address}.*{told}.* MNISTLAB_SCHEDULER must be the") as error:
        jobs.start(parse_config({}), store)
    assert time.monotonic() - began < 5
    (run,) = store.runs()
    assert (run.state, run.error) == ("failed", str(error.value))


def test_an_engine_that_hangs_is_named_and_what_is_new_waits(listen: Callable[[bytes], str], store: Store) -> None:
    notice.publish(listen(b""))
    told = rf"said nothing .* process {os.getpid()}, which hangs: end this process"
    with pytest.raises(EngineError, match=told):
        engine.client()
    jobs.start(parse_config({}), store)
    (run,) = store.runs()
    assert run.state == "queued"
    assert re.search(told, run.error or "")


def test_what_fails_on_our_own_side_is_not_laid_to_who_listens(
    listen: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("no thread")))
    with pytest.raises(RuntimeError, match="no thread"):
        greeting.check("tcp://127.0.0.1:9", Security(), "")


def test_an_engine_that_hangs_is_seen_by_who_has_spoken_with_it_before(
    listen: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Client:
        status = "running"

        class scheduler:  # noqa: N801 - Dask's name
            address = listen(b"")

    monkeypatch.setattr(engine, "_client", Client())
    notice.publish(Client.scheduler.address)
    with pytest.raises(EngineError, match="which hangs"):
        engine.client()


def test_an_engine_that_ended_while_it_was_greeted_makes_way_for_another(
    listen: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notice.publish(listen(b""))
    met: list[str] = []

    def check(address: str, *_: object) -> None:
        met.append(address)
        notice.publish(another)
        if address != another:
            raise ConnectionResetError

    another = listen(b"")
    monkeypatch.setattr(greeting, "check", check)
    monkeypatch.setattr(
        dask_settings, "own_client", lambda address: SimpleNamespace(at=address, close=lambda **_: None)
    )
    assert engine.client().at == another
    assert met[1:] == [another]


def test_all_who_ask_an_engine_that_hangs_wait_beside_each_other(listen: Callable[[bytes], str]) -> None:
    notice.publish(listen(b""))
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(EngineError) as error:
            engine.client()
        told.append(str(error.value))

    began = time.monotonic()
    asking = [threading.Thread(target=ask) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(told) == 8
    assert time.monotonic() - began < 5


@pytest.mark.filterwarnings("default")  # Dask's, of a port that is in use
def test_a_scheduler_greets() -> None:
    with LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        num_threads = threading.active_count()
        greeting.check(cluster.scheduler_address, Security(), "")
        assert threading.active_count() == num_threads
