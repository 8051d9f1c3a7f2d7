"""Two places to trust: each test of jobs runs on a laptop and in a lab."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from distributed import Client

from mnistlab import engine, jobs, tickets
from mnistlab.config import RunConfig, parse_config
from mnistlab.data import Dataset
from mnistlab.events import Event
from mnistlab.store import Store
from mnistlab.training import train
from tests.trust.places import Cluster, end, make_database, postgres, postgres_programs

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Place:
    """Somewhere to start runs: a store, and how its engine is cut off without warning."""

    store: Store
    cut_power: Callable[[], None]
    restore_power: Callable[[], None]


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of PostgreSQL's programs."""
    found = postgres_programs()
    if found is None:
        pytest.skip("no PostgreSQL here: install the package postgresql")
    return found


@pytest.fixture(scope="session")
def postgres_address(programs: Path) -> Iterator[str]:
    with postgres(programs) as server:
        yield server.address


@pytest.fixture(scope="session")
def config() -> RunConfig:
    """Some seconds of training with every kind of memory that a training has."""
    return parse_config(
        {
            "model": {"hidden": (64,), "dropout": 0.2},
            "augment": {"rotation": 10, "use": "double"},
            "train": {
                "optimizer": "adam",
                "learning_rate": 0.001,
                "schedule": "cosine",
                "batch_size": 20,
                "epochs": 3,
                "validation_size": 30_000,
                "train_size": 15_000,
                "device": "cpu",
            },
        }
    )


@pytest.fixture(scope="session")
def undisturbed(config: RunConfig, dataset: Dataset) -> list[Event]:
    """The run as it is when nothing happens to it, computed here in one thread, as all workers of these tests do."""
    return list(train(config, dataset))


@pytest.fixture
def no_engine_yet(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process knows of no engine; one that it starts ends with the test."""
    lab.mkdir(exist_ok=True)
    monkeypatch.setattr(engine, "_client", None)
    monkeypatch.setattr(engine, "_child", None)
    monkeypatch.setattr(jobs, "_WAKE_EVERY", 0.5)
    monkeypatch.setattr(tickets, "_tickets", {})
    yield
    engine.hang_up()
    if engine._child is not None:
        end(engine._child)


@pytest.fixture(params=["laptop", "lab"])
def place(
    request: pytest.FixtureRequest, no_engine_yet: None, lab: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """A laptop or a lab, with two workers of one thread each; gone when the test is over."""
    monkeypatch.setenv("MNISTLAB_CHECKPOINT", "0.5")
    if request.param == "laptop":
        yield from _laptop(lab, monkeypatch)
    else:
        yield from _lab(request.getfixturevalue("postgres_address"), lab, monkeypatch)


def _laptop(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MNISTLAB_WORKERS", "2")
    monkeypatch.setenv("MNISTLAB_ENGINE_IDLE", "60 seconds")

    def cut_power() -> None:
        assert engine._child is not None
        leader = psutil.Process(engine._child.pid)
        for process in [leader, *leader.children(recursive=True)]:
            process.kill()
        engine._child.wait()

    yield Place(Store(), cut_power, lambda: None)


def _lab(address: str, lab: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    cluster = Cluster(lab)
    monkeypatch.setenv("MNISTLAB_DB", make_database(address, lab.parent.name))
    monkeypatch.setenv("MNISTLAB_SCHEDULER", cluster.address)
    cluster.start()
    with Client(cluster.address) as client:
        client.wait_for_workers(2)  # one that comes late may find that the other has done everything
    yield Place(Store(), cluster.kill, cluster.start)
    engine.hang_up()
    cluster.end()
