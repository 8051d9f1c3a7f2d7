"""What a worker writes on its way: weights to look at after each epoch, and what the run was trained on."""

from functools import partial

import pytest

from mnistlab import execution, recorder, steering, training
from mnistlab.events import Event, StepsTaken
from mnistlab.store import Store
from tests import tiny

pytestmark = pytest.mark.usefixtures("talkative")
HERE = "CPU, 3 threads"


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(tiny.config())


def test_weights_of_each_epoch_are_kept_without_a_checkpoint(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 1000)
    seen: list[tuple[int | None, int | None]] = []

    def look(event: Event) -> None:
        if isinstance(event, StepsTaken) and event.step == 7:  # an epoch has 5
            seen.append((store.weights_step(run_id), store.weights_step(run_id, "checkpoint")))

    execution.execute(store, run_id, look)
    assert seen == [(5, None)]


@pytest.mark.parametrize(
    ("began_on", "told"),
    [
        ([HERE, HERE], None),
        (["CPU, 64 threads"], "CPU, 64 threads"),
        (["CPU, 64 threads", "CPU, 1 thread, in 2 processes"], "CPU, 1 thread, in 2 processes"),
        (["CPU, 1 thread, in 2 processes", "NVIDIA T4 (CUDA)", "CPU, 64 threads"], "NVIDIA T4 (CUDA)"),
        (["XPU " * 30], "XPU " * 20),
    ],
)
def test_of_several_devices_the_result_names_the_one_that_differs_most_from_one_cpu(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch, began_on: list[str], told: str | None
) -> None:
    def train_on(device: str, num_events: int) -> None:
        monkeypatch.setattr(training, "describe_device", lambda _: device)
        execution.execute(store, run_id, wants_stop=partial(next, iter([False] * num_events), True))

    for device in began_on:
        train_on(device, 2)
        steering.requeue(run_id, store)
    train_on(HERE, 1000)
    result = store.run(run_id).result
    assert result is not None
    assert (result["machine"]["device"], result["machine"].get("earlier device")) == (HERE, told)
