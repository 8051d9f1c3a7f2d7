"""The engine: found or started in a process of its own, told where it cannot be, and gone when nobody needs it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest
from distributed.comm.core import CommClosedError

from mnistlab import cli, dask_settings, engine, engine_log, jobs, loopback, notice, room
from mnistlab.config import parse_config
from mnistlab.errors import EngineError
from mnistlab.store import Store
from tests.acting import wait_for


@pytest.mark.parametrize("content", ["", "{}", '{"address": "tcp://127.0.0.1:1"}'])
def test_an_address_that_nobody_answers_is_no_engine(lab: Path, content: str) -> None:
    assert not engine.is_up()
    lab.mkdir(exist_ok=True)
    (lab / "engine.json").write_text(content)
    assert engine.running_address() is None


def test_a_scheduler_from_the_environment_looks_after_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_SCHEDULER", "tls://lab.school:8786")
    assert engine.is_up()
    assert engine.address() == "tls://lab.school:8786"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("tcp://lab.school:8786/", "tcp://lab.school:8786"),
        ("lab.school:8786", "tcp://lab.school:8786"),
        ("tls://[::1]:8786", "tls://[::1]:8786"),
    ],
)
def test_a_scheduler_s_address_is_taken_as_people_write_it(
    monkeypatch: pytest.MonkeyPatch, given: str, address: str
) -> None:
    monkeypatch.setenv("MNISTLAB_SCHEDULER", given)
    assert engine.address() == address


@pytest.mark.parametrize(
    "given",
    [
        "http://127.0.0.1:8786",
        "127.0.0.1",
        "tcp://127.0.0.1",
        "tcp://:8786",
        "tcp://host:port",
        "tcp://host:99999",
        "tcp://host:8786/status",
        "tcp://[::1:8786",
        "tcp://a:8786,tcp://b:8786",
        "/",
    ],
)
def test_a_scheduler_s_address_that_is_none_is_told(store: Store, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("MNISTLAB_SCHEDULER", given)
    with pytest.raises(EngineError, match=r"MNISTLAB_SCHEDULER is '.*such as tcp://host:8786, or tls://host:8786") as e:
        jobs.start(parse_config({}), store)
    (run,) = store.runs()
    assert (run.state, run.error) == ("failed", str(e.value))


def test_an_ending_engine_removes_its_own_address_only(lab: Path) -> None:
    """While one engine closes, a page may have started the next."""
    notice.publish("tcp://127.0.0.1:5")
    notice.withdraw()
    assert not (lab / "engine.json").exists()
    (lab / "engine.json").write_text('{"address": "tcp://127.0.0.1:6", "pid": 1}')
    notice.withdraw()
    assert (lab / "engine.json").exists()


def test_an_engine_is_that_of_its_own_lab_and_not_of_a_copy(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who forces a run of the copy to stop would end the worker of the one that it was copied from."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        notice.publish(address)
        monkeypatch.setenv("MNISTLAB_LAB", str(shutil.copytree(lab, lab.with_name("copy"))))
        assert engine.running_address() is None
        monkeypatch.setenv("MNISTLAB_LAB", str(lab.rename(lab.with_name("moved"))))
        assert engine.running_address() == address


def test_a_lab_that_two_mounts_show_as_two_folders_has_one_engine(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        notice.publish(address)
        for shown in ("7:7", None):
            monkeypatch.setattr(notice, "_lab", lambda shown=shown: shown)
            assert engine.running_address() == address


@pytest.mark.parametrize("place", [loopback, room], ids=["loopback", "room"])
def test_the_engine_looks_before_dask_waits_for_what_cannot_be_started(
    place: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise EngineError("They cannot reach each other.")

    monkeypatch.setattr(place, "check", fail)
    # What it would leave behind in this process, and for the tests that come after.
    monkeypatch.setenv("MNISTLAB_THREADS", "1")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(dask_settings, "use", lambda _: None)
    with pytest.raises(SystemExit):
        engine.serve()
    assert capsys.readouterr().out.endswith("The engine's workers cannot start: They cannot reach each other.\n")


@pytest.mark.parametrize("place", ["engine.lock", "engine.log"])
def test_an_engine_that_cannot_write_into_the_lab_is_told(lab: Path, place: str) -> None:
    (lab / place).mkdir(parents=True)
    with pytest.raises(
        EngineError, match=rf"engine cannot be started: .*{place}.*\. It is a process of its own, and wr"
    ):
        engine.address()


def test_an_engine_that_cannot_start_is_told_with_the_end_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_WORKERS", "many")
    with pytest.raises(EngineError, match=r"did not start.*engine\.log.*many"):
        engine.address()


def test_an_engine_that_hangs_as_it_starts_is_not_left_beside_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    really = subprocess.Popen
    monkeypatch.setattr(engine, "_child", None)
    monkeypatch.setattr(engine, "_START_TIMEOUT", 0.5)
    monkeypatch.setattr(
        subprocess, "Popen", lambda *_, **how: really([sys.executable, "-c", "import time; time.sleep(300)"], **how)
    )
    with pytest.raises(EngineError, match=r"The engine did not start\. The end of"):
        engine.address()
    assert engine._child is not None
    assert engine._child.wait(10) != 0


def test_a_worker_that_died_as_it_got_ready_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dask tells that a stream is closed."""

    class Cluster:
        scheduler = SimpleNamespace(status=SimpleNamespace(name="running"))

        def get_client(self) -> Any:
            raise CommClosedError("Stream is closed")

    with pytest.raises(SystemExit):
        engine._warm_up_own(Cluster())
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(
        "The engine's workers cannot start: One of them died while it was starting, most often because"
    )


def test_workers_that_cannot_start_are_told_with_what_was_at_the_bottom(capsys: pytest.CaptureFixture[str]) -> None:
    """As Dask tells of a computer without /dev/shm."""
    bottom = OSError(30, "Read-only file system")
    half_started = AssertionError("Status.init")
    half_started.__context__ = bottom
    error = RuntimeError("Nanny failed to start.")
    error.__cause__ = half_started
    with pytest.raises(SystemExit):
        engine._give_up(error)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "The engine's workers cannot start: OSError: [Errno 30] Read-only file system"


def test_an_idle_time_that_is_none_is_told_as_the_other_variables_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_ENGINE_IDLE", "x")
    with pytest.raises(EngineError, match="MNISTLAB_ENGINE_IDLE is 'x'; it must be a number with a unit"):
        engine.address()


def test_command_line_hangs_up_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dask client that is half gone would tell of a run that fails just then with a traceback."""
    closed = []

    class Client:
        def close(self, timeout: float) -> None:
            closed.append(timeout)
            raise OSError("the engine is gone")

    monkeypatch.setattr(engine, "_client", Client())
    assert cli.main(["presets"]) == 0
    assert len(closed) == 1
    assert engine._client is None


@pytest.fixture
def real_engine(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An engine in the test's own lab that ends itself after three idle seconds; the test never has to kill it."""
    monkeypatch.setenv("MNISTLAB_ENGINE_IDLE", "3 seconds")
    monkeypatch.setattr(engine, "_client", None)
    monkeypatch.setattr(engine, "_child", None)
    yield
    if engine._client is not None:
        engine._client.close()
    if engine._child is not None:
        engine._child.terminate()
        engine._child.wait(30)


@pytest.mark.slow
@pytest.mark.usefixtures("real_engine")
def test_a_real_engine_runs_a_job_in_its_own_process_and_ends_itself(store: Store, lab: Path) -> None:
    small = parse_config(
        {"model": {"hidden": ()}, "train": {"batch_size": 4096, "epochs": 1, "validation_size": 30_000}}
    )
    run_id = jobs.start(small, store)
    child = engine._child
    assert child is not None
    workers = psutil.Process(child.pid).children(recursive=True)
    listening = [place for place in psutil.Process(child.pid).net_connections("tcp") if place.status == "LISTEN"]
    assert len(listening) == 2  # the scheduler and the one who looks after its worker: nobody answers browsers
    run = wait_for(lambda: store.run(run_id), lambda run: not run.is_active, seconds=60)
    assert (run.state, run.error) == ("finished", None)
    assert run.result is not None
    assert run.result["test_accuracy"] > 0.5
    assert store.curve(run_id).steps.tolist() == list(range(1, 9))
    assert run.worker is not None
    assert int(run.worker.rpartition(":")[2]) in {process.pid for process in workers}
    assert child.wait(timeout=30) == 0, (lab / "engine.log").read_text()
    assert "Port 8787" not in (lab / "engine.log").read_text()
    assert engine.running_address() is None
    assert not (lab / "engine.json").exists()
    # Its children see that it is gone and end a moment later.
    wait_for(lambda: [process for process in workers if is_alive(process)], lambda alive: not alive, seconds=15)


@pytest.mark.slow
@pytest.mark.usefixtures("real_engine")
def test_of_two_engines_that_start_at_once_one_is_left(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever started the first was killed before it was ready; both would train as many runs as one may."""
    monkeypatch.setenv("MNISTLAB_ENGINE_IDLE", "60 seconds")
    lab.mkdir(exist_ok=True)
    both = [engine._launch() for _ in range(2)]
    try:
        wait_for(lambda: [each for each in both if each.poll() is not None], seconds=90)
        (left,) = [each for each in both if each.poll() is None]
        (ended,) = [each for each in both if each.poll() is not None]
        assert ended.returncode == 0
        told = notice.read()
        assert told is not None
        assert told.pid == left.pid
        assert engine.client().submit(abs, -1).result(timeout=60) == 1
    finally:
        for each in both:
            each.terminate()
            each.wait(30)


@pytest.mark.slow
@pytest.mark.usefixtures("real_engine")
def test_a_worker_is_not_taken_for_dead_because_its_laptop_slept() -> None:
    """By the clock it has been silent for as long as that took."""
    watching = engine.client().run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.periodic_callbacks))
    assert "idle-timeout" in watching
    assert "worker-ttl" not in watching
    assert engine._child is not None
    assert engine._child.wait(timeout=30) == 0  # idle again, and not told to end while it still warms up


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(("age", "is_recent"), [(5, True), (-5, True), (-3600, False)])
def test_a_failure_of_a_clock_that_was_set_back_is_not_recent(
    lab: Path, monkeypatch: pytest.MonkeyPatch, age: float, is_recent: bool
) -> None:
    def start(*_: Any, **__: Any) -> None:
        raise OSError("tried again")

    monkeypatch.setattr(subprocess, "Popen", start)
    lab.mkdir()
    engine_log.log_file().write_text("The engine's workers cannot start: OSError: broken.\n")
    os.utime(engine_log.log_file(), (time.time() - age,) * 2)
    with pytest.raises(EngineError, match=r"broken\. The whole story" if is_recent else "tried again"):
        engine.address()
