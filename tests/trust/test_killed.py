"""Whatever is killed, hangs or comes back from the dead: the run that was asked for is the run that is kept."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
import psutil
import pytest

from mnistlab import engine, jobs, runs, steering, tickets
from mnistlab.checkpoint import unpack_weights
from mnistlab.config import RunConfig
from mnistlab.events import Event
from mnistlab.runs import Run
from mnistlab.store import Store
from tests import acting
from tests.tiny import epochs_of, losses_of, same_weights, weights_of
from tests.trust.conftest import Place

PATIENCE = 120.0  # seconds; these machines may be busy


def wait_for(store: Store, run_id: str, is_there: Callable[[Run], bool], does_wake: bool = True) -> Run:
    """Look at a run once in a while, as a page does, until it is as wanted."""

    def look() -> Run:
        if does_wake and store.runs(states=["queued"]):
            jobs.wake(store)  # as the sidebar of every page does
        run = store.run(run_id)
        assert is_there(run) or run.state != "failed", run.error
        return run

    return acting.wait_for(look, is_there, PATIENCE)


def is_well_under_way(run: Run) -> bool:
    """In the middle of an epoch, with a checkpoint behind it."""
    return run.epoch > 1.2


@contextmanager
def lost_soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process takes a silent worker for dead after two seconds; that it waits for 15 is tested elsewhere."""
    with monkeypatch.context() as sooner:
        sooner.setattr(runs, "LOST_AFTER_SECONDS", 2)
        yield


def worker_of(run: Run) -> int:
    assert run.worker is not None
    return int(run.worker.rpartition(":")[2])


def workers() -> list[int]:
    """The worker processes of the local engine."""
    assert engine._child is not None
    found = []
    for child in psutil.Process(engine._child.pid).children():
        with suppress(psutil.NoSuchProcess):  # also one that has died and nobody has looked after yet
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child.pid)
    return found


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def assert_as_if_undisturbed(store: Store, run_id: str, undisturbed: list[Event]) -> None:
    run, curve = store.run(run_id), store.curve(run_id)
    assert (run.state, run.error) == ("finished", None)
    assert curve.steps.tolist() == list(range(1, run.step + 1))  # no gap and no step twice
    np.testing.assert_array_equal(curve.losses, np.array(losses_of(undisturbed), np.float32))
    told, expected = store.epochs(run_id), epochs_of(undisturbed)
    assert [(epoch.epoch, epoch.train_loss, epoch.validation_accuracy) for epoch in told] == [
        (epoch.epoch, epoch.train_loss, epoch.validation_accuracy) for epoch in expected
    ]
    model, _ = unpack_weights(store.weights(run_id))
    assert same_weights(model.state_dict(), weights_of(undisturbed))


def test_a_run_whose_worker_is_killed_goes_on_by_itself_bit_for_bit(
    place: Place, config: RunConfig, undisturbed: list[Event]
) -> None:
    run_id = jobs.start(config, place.store)
    killed = wait_for(place.store, run_id, is_well_under_way)
    psutil.Process(worker_of(killed)).kill()
    again = wait_for(place.store, run_id, lambda run: run.attempt > killed.attempt)
    assert worker_of(again) != worker_of(killed)
    assert again.step > 0  # from its last checkpoint, not from the start
    wait_for(place.store, run_id, lambda run: not run.is_active)
    assert_as_if_undisturbed(place.store, run_id, undisturbed)


@pytest.mark.parametrize("place", ["laptop"], indirect=True)  # in a lab, nannies are nobody's but their own
def test_a_run_goes_on_where_a_busy_machine_takes_long_to_replace_its_worker(
    place: Place, config: RunConfig, undisturbed: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTLAB_WORKERS", "1")
    run_id = jobs.start(config, place.store)
    killed = wait_for(place.store, run_id, is_well_under_way)
    psutil.Process(worker_of(killed)).kill()
    successor = psutil.Process(acting.wait_for(lambda: [pid for pid in workers() if pid != worker_of(killed)])[0])
    successor.suspend()
    time.sleep(17)  # Dask by itself would give a worker up after 15
    successor.resume()
    wait_for(place.store, run_id, lambda run: not run.is_active)
    assert_as_if_undisturbed(place.store, run_id, undisturbed)
    assert workers() == [successor.pid]


def test_two_runs_at_once_are_as_reproducible_as_one(place: Place, config: RunConfig, undisturbed: list[Event]) -> None:
    both = [jobs.start(config, place.store) for _ in range(2)]
    wait_for(place.store, both[0], lambda run: all(place.store.run(one).step > 0 for one in both))
    assert len({place.store.run(run_id).worker for run_id in both}) == 2
    for run_id in both:
        wait_for(place.store, run_id, lambda run: not run.is_active)
        assert_as_if_undisturbed(place.store, run_id, undisturbed)


def test_a_worker_that_comes_back_from_the_dead_cannot_write(
    place: Place, config: RunConfig, undisturbed: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stopped, taken for lost, its run goes on elsewhere; then it wakes up and thinks the run is its own."""
    run_id = jobs.start(config, place.store)
    zombie = worker_of(wait_for(place.store, run_id, is_well_under_way))
    psutil.Process(zombie).suspend()
    with lost_soon(monkeypatch):
        wait_for(place.store, run_id, lambda run: run.state == "lost")
        steering.requeue(run_id, place.store)  # jobs.resume would end the zombie
    attempt = wait_for(place.store, run_id, lambda run: run.state == "running" and run.step > 0).attempt
    psutil.Process(zombie).resume()
    run = wait_for(place.store, run_id, lambda run: not run.is_active)
    time.sleep(1.5)  # in which the zombie would have written
    assert run.attempt == place.store.run(run_id).attempt == attempt
    assert_as_if_undisturbed(place.store, run_id, undisturbed)


@pytest.mark.parametrize("place", ["laptop"], indirect=True)
def test_a_lost_run_is_resumed_where_the_only_worker_hangs(
    place: Place, config: RunConfig, undisturbed: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTLAB_WORKERS", "1")
    run_id = jobs.start(config, place.store)
    hanging = worker_of(wait_for(place.store, run_id, is_well_under_way))
    psutil.Process(hanging).suspend()
    with lost_soon(monkeypatch):
        wait_for(place.store, run_id, lambda run: run.state == "lost")
        jobs.resume(run_id, place.store)
    wait_for(place.store, run_id, lambda run: run.state == "finished")
    assert_as_if_undisturbed(place.store, run_id, undisturbed)
    assert is_gone(hanging)


def test_a_run_that_hangs_is_stopped_by_force_and_its_worker_replaced(place: Place, config: RunConfig) -> None:
    run_id = jobs.start(config, place.store)
    hanging = worker_of(wait_for(place.store, run_id, is_well_under_way))
    psutil.Process(hanging).suspend()
    jobs.stop(run_id, place.store)
    time.sleep(1)
    assert place.store.run(run_id).state == "running"  # nobody there who would read the request
    jobs.stop(run_id, place.store, force=True)
    assert place.store.run(run_id).state == "stopped"
    acting.wait_for(lambda: is_gone(hanging), seconds=PATIENCE)
    jobs.resume(run_id, place.store)
    wait_for(place.store, run_id, lambda run: run.state == "finished")


def test_a_run_that_is_stopped_by_force_while_its_ticket_waits_costs_no_other_run_its_worker(
    place: Place, config: RunConfig
) -> None:
    """Its own worker has died, and Dask has given its ticket to one that is busy with somebody else's run."""
    busy = [jobs.start(config, place.store) for _ in range(2)]
    for run_id in busy:
        wait_for(place.store, run_id, is_well_under_way)
        steering.pause(run_id, place.store)
    waiting = jobs.start(config, place.store)
    dask = engine.client()
    ticket = tickets._name(waiting, 0, dask)
    acting.wait_for(dask.processing, lambda given: any(ticket in keys for keys in given.values()), PATIENCE)
    place.store.claim(waiting, "another-host:1", ticket)
    jobs.stop(waiting, place.store, force=True)
    time.sleep(2)  # in which a worker would have been replaced
    for run_id in busy:
        steering.go_on(run_id, place.store)
        wait_for(place.store, run_id, lambda run: not run.is_active)
        assert (place.store.run(run_id).state, place.store.run(run_id).attempt) == ("finished", 1)
    assert place.store.run(waiting).state == "stopped"


def test_after_a_power_cut_a_lost_run_is_resumed_and_a_queued_one_starts_by_itself(
    place: Place, config: RunConfig, undisturbed: list[Event]
) -> None:
    running = [jobs.start(config, place.store) for _ in range(2)]
    for run_id in running:  # each waits for the other, which may take longer to begin than this one to end
        wait_for(place.store, run_id, is_well_under_way)
        steering.pause(run_id, place.store)
    for run_id in running:
        steering.go_on(run_id, place.store)
    queued = jobs.start(config, place.store)
    assert place.store.run(queued).state == "queued"
    place.cut_power()
    cut = time.monotonic()
    place.restore_power()
    wait_for(place.store, running[0], lambda run: run.state == "lost", does_wake=False)  # waking takes its time
    assert time.monotonic() - cut < 20
    wait_for(place.store, queued, lambda run: run.step > 0)  # nobody asked for it
    for run_id in running:
        wait_for(place.store, run_id, lambda run: run.state == "lost")
        jobs.resume(run_id, place.store)
    for run_id in [*running, queued]:
        wait_for(place.store, run_id, lambda run: not run.is_active)
        assert_as_if_undisturbed(place.store, run_id, undisturbed)


def test_a_run_that_kills_every_worker_is_given_up_and_others_are_not(
    place: Place, config: RunConfig, undisturbed: list[Event]
) -> None:
    deadly = jobs.start(config, place.store)
    harmless = jobs.start(config, place.store)
    killed: set[str | None] = set()
    until = time.monotonic() + PATIENCE
    while (run := place.store.run(deadly)).is_active:
        assert time.monotonic() < until
        if run.state == "running" and run.worker not in killed:
            killed.add(run.worker)
            psutil.Process(worker_of(run)).kill()
        time.sleep(0.01)
    assert len(killed) == 2
    assert run.state == "failed"
    assert run.error is not None
    assert "Its worker process died 2 times after step 0" in run.error
    wait_for(place.store, harmless, lambda run: not run.is_active)
    assert_as_if_undisturbed(place.store, harmless, undisturbed)
