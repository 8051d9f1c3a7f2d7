"""TensorBoard event files, read back by TensorBoard's own reader."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mnistlab.events import Probes
from mnistlab.export import wire
from mnistlab.export.source import Source, find_source, wall_times
from mnistlab.export.tensorboard import event_file_name, to_events
from mnistlab.store import Store


def read(source: Source, folder: Path) -> EventAccumulator:
    (folder / event_file_name(source)).write_bytes(to_events(source))
    reader = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    reader.Reload()
    return reader


@pytest.mark.parametrize(
    ("value", "written"), [(0, "00"), (127, "7f"), (128, "8001"), (150, "9601"), (-1, "ff" * 9 + "01")]
)
def test_whole_numbers_are_written_in_sevens_of_bits(value: int, written: str) -> None:
    """150 is the example of the format's own description."""
    assert wire.varint(value).hex() == written


def test_every_loss_comes_back_with_its_step(source: Source, tmp_path: Path) -> None:
    points = read(source, tmp_path).Scalars("loss/training")
    assert [point.step for point in points] == source.curve.steps.tolist() == list(range(1, 11))
    np.testing.assert_array_equal(np.array([point.value for point in points], np.float32), source.curve.losses)


def test_epochs_reports_and_gradients_come_back(source: Source, tmp_path: Path) -> None:
    reader = read(source, tmp_path)
    validation = [(point.step, point.value) for point in reader.Scalars("accuracy/validation")]
    assert validation == [(ended.step, pytest.approx(ended.validation_accuracy)) for ended in source.epochs]
    assert [point.value for point in reader.Scalars("learning_rate")] == pytest.approx(
        source.curve.learning_rates.tolist()
    )
    assert "gradient/layer 1" in reader.Tags()["scalars"]
    assert len(reader.Scalars("gradient/output")) == len(source.curve.report_steps)


def test_what_was_reported_comes_back_at_its_step_and_what_nobody_looked_at_is_left_out(
    source: Source, tmp_path: Path
) -> None:
    steps = source.curve.report_steps.tolist()
    first, last = Probes(["output"], [0.25], 0.5), Probes(["output"], [0.125], None)
    curve = replace(source.curve, probes=[first, *[None] * (len(steps) - 2), last])
    reader = read(replace(source, curve=curve), tmp_path)

    def points(tag: str) -> list[tuple[int, float]]:
        return [(point.step, point.value) for point in reader.Scalars(tag)]

    assert points("gradient/output") == [(steps[0], 0.25), (steps[-1], 0.125)]
    assert points("dead_relus") == [(steps[0], 0.5)]
    assert points("accuracy/training") == [
        (step, pytest.approx(share)) for step, share in zip(steps, curve.accuracies.tolist(), strict=True)
    ]


def test_config_can_be_read_as_text(source: Source, tmp_path: Path) -> None:
    (event,) = read(source, tmp_path).Tensors("config")
    (text,) = event.tensor_proto.string_val
    assert '"hidden": [' in text.decode()
    assert source.config.model_dump_json(indent=1) in text.decode()


def test_times_rise_from_the_runs_start(source: Source, tmp_path: Path) -> None:
    times = [point.wall_time for point in read(source, tmp_path).Scalars("loss/training")]
    assert times == sorted(times)
    assert source.created <= times[0] <= times[-1] <= source.created + source.seconds + 1
    assert wall_times(source, [0, 10]).tolist() == [source.created, source.created + source.epochs[-1].seconds]


@pytest.mark.parametrize("num_epochs", [0, 1])
def test_steps_of_a_run_that_was_stopped_within_an_epoch_have_times_of_their_own(
    source: Source, num_epochs: int
) -> None:
    ends = [ended for ended in source.epochs if ended.epoch <= num_epochs]
    stopped = replace(source, state="stopped", epochs=ends, seconds=ends[-1].seconds + 8)
    last = ends[-1].step
    assert last < 10
    times = wall_times(stopped, [last, (last + 10) / 2, 10]) - source.created
    assert times.tolist() == pytest.approx([ends[-1].seconds + seconds for seconds in (0, 4, 8)], abs=1e-3)


def test_built_in_model_has_the_curves_of_its_epochs(tmp_path: Path) -> None:
    source = find_source("small-cnn", Store())
    reader = read(source, tmp_path)
    assert len(reader.Scalars("loss/validation")) == len(source.epochs)
    assert "loss/training" not in reader.Tags()["scalars"]


def test_a_changed_byte_is_noticed_by_the_reader(source: Source, tmp_path: Path) -> None:
    content = bytearray(to_events(source))
    content[-8] ^= 1
    (tmp_path / event_file_name(source)).write_bytes(content)
    reader = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0})
    reader.Reload()
    assert len(reader.Scalars("accuracy/validation")) == len(source.epochs) - 1
