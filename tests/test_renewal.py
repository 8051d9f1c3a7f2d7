"""An engine of another version, or with other settings: it makes way when it is idle, and finishes what it trains."""

import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mnistlab import jobs, notice, queue, renewal, sweep, tickets
from mnistlab.errors import EngineBusyError, EngineError
from mnistlab.store import Store
from tests import tiny
from tests.sweeps import config as sweep_of

CONFIG = tiny.config()
Publish = Callable[..., "Dask"]


class Dask:
    """A client of an engine, and what the engine is asked for."""

    def __init__(self, address: str) -> None:
        self.scheduler = self
        self.address = address
        self.tickets = {"a-worker": list[str]()}
        self.is_shut_down = False
        self.given: list[str] = []

    def processing(self) -> dict[str, list[str]]:
        return self.tickets

    def shutdown(self) -> None:
        self.is_shut_down = True
        (notice.lab_folder() / "engine.json").unlink()

    def scheduler_info(self, n_workers: int = 0) -> dict[str, Any]:
        return {"id": "an-engine", "workers": {}}


@pytest.fixture
def publish(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publish]:
    """Publish an engine with a notice that differs so from ours; what listens is this process."""
    monkeypatch.setattr(renewal, "_YOUNG_SECONDS", 0)
    monkeypatch.setattr(renewal, "_told", set())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"

        def publish(**others: object) -> Dask:
            notice.publish(address)
            place = lab / "engine.json"
            told = {name: value for name, value in (json.loads(place.read_text()) | others).items() if value != "none"}
            place.write_text(json.dumps(told))
            dask = Dask(address)
            monkeypatch.setattr(tickets.engine, "client", lambda: dask)
            return dask

        yield publish


def test_an_engine_of_our_own_goes_on(publish: Publish) -> None:
    dask = publish()
    tickets.renew(with_defaults=True)
    assert not dask.is_shut_down
    here, folder = notice.settings_here(with_defaults=True), notice.lab_folder()
    lab = f"{about.st_dev}:{about.st_ino}" if (about := os.stat(folder)).st_ino else None
    place = str(folder.resolve())
    assert notice.read() == notice.Notice(dask.address, os.getpid(), notice.version(), here, lab, place)


def test_what_an_engine_tells_is_whole_where_nothing_is_set_here() -> None:
    names = {"MNISTLAB_WORKERS", "MNISTLAB_THREADS", "MNISTLAB_CHECKPOINT"}
    assert set(notice.settings_here(with_defaults=True)) == names
    assert notice.settings_here() == {}


def test_an_engine_of_the_sources_before_or_after_an_update_is_of_our_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = notice.version()
    monkeypatch.setattr(notice, "_version_on_disk", lambda: "0.9.0+new")
    for told, is_ours in ((before, True), ("0.9.0+new", True), ("0.0.1+old", False), (None, False)):
        assert notice.Notice("tcp://127.0.0.1:5", 1, told).is_of_our_version is is_ours


@pytest.mark.parametrize("version", ["0.0.1+abc", None, "none"])  # the last: of before there were versions
def test_an_idle_engine_of_another_version_is_ended(publish: Publish, version: str | None) -> None:
    dask = publish(version=version)
    tickets.renew()
    assert dask.is_shut_down


def test_a_busy_engine_of_another_version_finishes_and_what_is_new_waits_with_the_reason(
    publish: Publish, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    dask = publish(version="0.0.1+abc")
    dask.tickets["a-worker"] = ["a-ticket"]
    monkeypatch.setattr(jobs, "_last_wake", 0.0)
    run_id = jobs.start(CONFIG, store)
    jobs.wake(store)
    run = store.run(run_id)
    assert not dask.is_shut_down
    assert run.state == "queued"
    assert "another version of mnistlab" in (run.error or "")
    with pytest.raises(EngineBusyError, match="until it has nothing to do"):
        tickets.renew()


def test_an_engine_that_was_started_just_now_is_left_to_who_did_so(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first run is on the way: two servers of two versions would end each other's engine for ever."""
    monkeypatch.setattr(renewal, "_YOUNG_SECONDS", 1e9)
    dask = publish(version="0.0.1+abc")
    with pytest.raises(EngineBusyError):
        tickets.renew()
    assert not dask.is_shut_down


def test_a_worker_that_is_coming_back_is_waited_for(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run that it held is not lost then."""
    dask = publish(version="0.0.1+abc")
    dask.tickets = {}
    monkeypatch.setattr(renewal.time, "sleep", lambda _: dask.tickets.update({"the-next": ["a-ticket"]}))
    with pytest.raises(EngineBusyError):
        tickets.renew()


def test_an_engine_that_others_have_renewed_meanwhile_is_not_ended(publish: Publish) -> None:
    dask = publish(version="0.0.1+abc")
    dask.address = "tcp://127.0.0.1:1"  # of the new one
    tickets.renew()
    assert not dask.is_shut_down


def test_a_server_whose_sources_were_replaced_takes_the_engine_that_it_would_start(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice.version()
    monkeypatch.setattr(notice, "_version_on_disk", lambda: "0.2.0+new")
    dask = publish(version="0.2.0+new")
    tickets.renew()
    publish(version=notice.version())
    tickets.renew()
    assert not dask.is_shut_down


@pytest.mark.parametrize(
    ("variable", "value"), [("MNISTLAB_WORKERS", "7"), ("MNISTLAB_THREADS", "77"), ("MNISTLAB_CHECKPOINT", "2.5")]
)
def test_an_idle_engine_with_another_setting_is_ended_a_busy_one_goes_on_and_is_told_of_once(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str, value: str
) -> None:
    dask = publish()
    monkeypatch.setenv(variable, value)
    dask.tickets["a-worker"] = ["a-ticket"]
    with caplog.at_level(logging.WARNING):
        tickets.renew()
        tickets.renew()
    assert not dask.is_shut_down
    (said,) = caplog.messages
    assert f"{variable} is {value} here" in said
    dask.tickets["a-worker"] = []
    tickets.renew()
    assert dask.is_shut_down


def test_what_is_not_set_counts_for_a_server_that_starts_only(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal beside a server must not undo its settings."""
    monkeypatch.setenv("MNISTLAB_WORKERS", "7")
    dask = publish()
    monkeypatch.delenv("MNISTLAB_WORKERS")
    tickets.renew()
    assert not dask.is_shut_down
    tickets.renew(with_defaults=True)
    assert dask.is_shut_down


def test_a_setting_that_is_none_is_told(publish: Publish, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    monkeypatch.setenv("MNISTLAB_WORKERS", "many")
    with pytest.raises(EngineError, match="MNISTLAB_WORKERS is 'many'"):
        jobs.start(CONFIG, store)


def test_the_schedulers_of_a_lab_are_nobody_s_to_end(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    dask = publish(version="0.0.1+abc")
    monkeypatch.setenv("MNISTLAB_SCHEDULER", "tcp://lab.school:8786")
    tickets.renew(with_defaults=True)
    assert not dask.is_shut_down


def test_a_sweep_waits_for_a_new_engine_too(publish: Publish, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    publish(version="0.0.1+abc").tickets["a-worker"] = ["a-ticket"]
    sweep.start(sweep_of(), store)
    assert {run.state for run in queue.active(store)} == {"queued"}
    assert "another version of mnistlab" in caplog.text


def test_the_version_is_that_of_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice, "_SOURCES", tmp_path)
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "a.py").write_text("1")
    first = notice._version_on_disk()
    (tmp_path / "a.sqlite").write_text("no source")
    os.utime(tmp_path / "export" / "a.py", (0, 0))
    assert notice._version_on_disk() == first
    (tmp_path / "export" / "a.py").write_text("2")
    assert notice._version_on_disk() != first
