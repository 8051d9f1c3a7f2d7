"""Runs and workers matched by GPUs: each run goes to workers that have what it needs, or says what is missing."""

import threading
from typing import Any

import pytest

from mnistlab import execution, jobs, queue, tickets
from mnistlab.offers import demand, gpus_of, missing
from mnistlab.store import Store
from tests import tiny

ON_CPU, ON_GPU, ANYWHERE = (tiny.config(device=device) for device in ("cpu", "cuda", "auto"))
CPU_WORKER, GPU_WORKER, PLAIN_WORKER = {"CPU": 1.0}, {"GPU": 1.0}, dict[str, float]()


@pytest.fixture
def in_a_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_SCHEDULER", "tcp://lab.school:8786")


@pytest.mark.parametrize(("device", "num_gpus"), [("auto", 0), ("cpu", 0), ("cuda", 1), ("cuda:1", 1), ("xpu", 1)])
def test_a_run_needs_a_gpu_where_its_device_names_one(device: str, num_gpus: int) -> None:
    assert gpus_of(tiny.config(device=device)) == num_gpus


@pytest.mark.parametrize(
    ("num_gpus", "offers", "wanted"),
    [
        (1, [PLAIN_WORKER, GPU_WORKER], {"GPU": 1}),
        (1, [], {"GPU": 1}),
        (0, [PLAIN_WORKER, GPU_WORKER], {}),  # wherever a worker is free
        (0, [CPU_WORKER, GPU_WORKER], {"CPU": 1}),  # GPUs are kept for those that need them
    ],
)
def test_the_engine_is_asked_for_what_a_run_needs(
    num_gpus: int, offers: list[dict[str, float]], wanted: dict[str, float]
) -> None:
    assert demand(num_gpus, offers) == wanted


def test_a_lab_without_a_gpu_says_so_to_the_runs_that_need_one() -> None:
    reason = missing(ON_GPU, [CPU_WORKER, PLAIN_WORKER])
    assert reason is not None
    assert "'cuda'" in reason
    assert "none of the 2 workers offers a GPU" in reason
    assert missing(ON_GPU, [CPU_WORKER, GPU_WORKER]) is None
    assert missing(ON_CPU, [GPU_WORKER]) is None


def test_a_ticket_takes_the_next_run_that_its_worker_is_for(store: Store) -> None:
    gpu, cpu, anywhere = (store.create(config) for config in (ON_GPU, ON_CPU, ANYWHERE))
    assert queue.take(store, "host:1", "ticket 1", num_gpus=0) == (cpu, 1)
    assert queue.take(store, "host:2", "ticket 2", num_gpus=1) == (gpu, 1)
    assert queue.take(store, "host:2", "ticket 3", num_gpus=1) is None
    assert queue.take(store, "host:1", "ticket 4", num_gpus=0) == (anywhere, 1)


def test_a_ticket_of_the_local_engine_takes_any_run(store: Store) -> None:
    gpu = store.create(ON_GPU)
    assert queue.take(store, "host:1", "ticket") == (gpu, 1)


@pytest.mark.usefixtures("in_a_lab")
def test_in_a_lab_gpus_have_a_queue_of_their_own(store: Store) -> None:
    first, second, third = (store.create(config) for config in (ON_CPU, ON_GPU, ON_CPU))
    assert queue.places(store) == {first: 1, second: 1, third: 2}
    assert [run.id for run in queue.Queue.read(store).ahead_of(store.run(third))] == [first]


def test_on_a_laptop_there_is_one_queue(store: Store) -> None:
    first, second = store.create(ON_CPU), store.create(ON_GPU)
    assert queue.places(store) == {first: 1, second: 2}


@pytest.mark.usefixtures("in_a_lab")
def test_a_run_that_no_worker_can_take_waits_with_the_reason(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    offered = [CPU_WORKER]
    monkeypatch.setattr(tickets, "submit", lambda *arguments: asked.append(arguments))
    monkeypatch.setattr(tickets, "offers", lambda: offered)
    gpu, cpu = jobs.start(ON_GPU, store), jobs.start(ON_CPU, store)
    assert [arguments[3] for arguments in asked] == [1, 0]
    assert "offers a GPU" in (store.run(gpu).error or "")
    assert (store.run(gpu).state, store.run(cpu).error) == ("queued", None)
    offered.append(GPU_WORKER)
    monkeypatch.setattr(jobs, "_last_wake", 0.0)
    jobs.wake(store)
    assert store.run(gpu).error is None


@pytest.mark.usefixtures("in_a_lab")
def test_a_scheduler_without_workers_says_how_to_start_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "submit", lambda *arguments: None)
    monkeypatch.setattr(tickets, "offers", lambda: [])
    monkeypatch.setattr(tickets, "_WORKERLESS_SECONDS", -1.0)
    monkeypatch.setattr(jobs, "_last_wake", 0.0)
    run_id = jobs.start(ON_CPU, store)
    jobs.wake(store)
    assert "dask worker tcp://lab.school:8786 --nthreads 1" in (store.run(run_id).error or "")


def test_a_worker_with_two_threads_trains_one_run_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropout draws from random numbers that all threads of a process share."""
    trained: list[str] = []
    monkeypatch.setattr(execution, "_attempt", lambda store, run_id, *_, **__: trained.append(run_id))
    run_id = store.create(ON_CPU)
    second = threading.Thread(target=execution.run_next, args=(store.url, "ticket"))
    with execution.training_turn:  # as the first thread does while it trains
        second.start()
        second.join(0.2)
        assert store.run(run_id).state == "queued"
    second.join(30)
    assert trained == [run_id]
