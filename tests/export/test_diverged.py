"""What can be taken home of a run that diverged at once: no weights, but the curve that shows it."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mnistlab import execution
from mnistlab.errors import ExportError, RunNotFoundError
from mnistlab.export import export
from mnistlab.store import Store
from tests import tiny


@pytest.fixture
def diverged(store: Store) -> str:
    """The id of a run whose loss was no number before its first epoch was over."""
    shape = {"hidden": (64, 64), "activation": "none"}
    run_id = store.create(tiny.config(shape, learning_rate=100, batch_size=5))
    execution.execute(store, run_id)
    assert store.run(run_id).state == "failed"
    return run_id


def test_its_curve_can_be_read_in_tensorboard(diverged: str, store: Store, tmp_path: Path) -> None:
    exported = export(diverged, "tensorboard", store)
    (tmp_path / exported.name).write_bytes(exported.content)
    reader = EventAccumulator(str(tmp_path))
    reader.Reload()
    told = [point.value for point in reader.Scalars("loss/training")]
    assert told == store.curve(diverged).losses.tolist()
    assert told[-1] > 1000 > told[0]


def test_its_script_takes_the_same_steps(diverged: str, store: Store) -> None:
    assert "SGD(model.parameters(), 100" in export(diverged, "script", store).content.decode()


@pytest.mark.parametrize("kind", ["safetensors", "onnx"])
def test_it_has_no_weights(diverged: str, store: Store, kind: str) -> None:
    with pytest.raises(RunNotFoundError, match="has no weights: it failed before the end of its first epoch"):
        export(diverged, kind, store)


@pytest.mark.parametrize("kind", ["report", "archive"])
def test_what_tells_how_a_run_ended_is_refused_with_what_can_be_had(diverged: str, store: Store, kind: str) -> None:
    with pytest.raises(ExportError, match=r"failed, and a .* Take its curve instead, as TensorBoard events"):
        export(diverged, kind, store)


def test_a_run_without_a_single_step_has_no_curve_either(store: Store) -> None:
    run_id = store.create(tiny.config())
    with pytest.raises(RunNotFoundError, match="has not kept any weights yet"):
        export(run_id, "tensorboard", store)
