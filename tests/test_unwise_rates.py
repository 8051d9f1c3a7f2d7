"""A learning rate that was raised too far by hand: the run ends, says so, and does not do it again when resumed."""

import json
from dataclasses import replace
from functools import partial

import pytest
from safetensors.torch import load

from mnistlab import execution, recorder, steering
from mnistlab.cli import main
from mnistlab.config import TrainConfig
from mnistlab.data import Dataset
from mnistlab.errors import DivergedError
from mnistlab.events import Event, StepsTaken
from mnistlab.optimizers import LearningRate
from mnistlab.store import Store
from mnistlab.training import train
from tests import tiny
from tests.acting import after_step
from tests.tiny import losses_of
from tests.varied import EACH_STEP, NEVER

CONFIG = tiny.config({"hidden": (64, 64), "activation": "none"}, learning_rate=0.01, epochs=20)


def raised_too_far(store: Store, monkeypatch: pytest.MonkeyPatch, seconds: float) -> str:
    """A run that failed because its rate was raised after step 5, with a checkpoint every so many seconds from then."""
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 0)
    run_id = store.create(CONFIG)

    def raise_it() -> None:
        monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", seconds)
        steering.set_learning_rate(run_id, 100, store)

    execution.execute(store, run_id, after_step(5, raise_it))
    return run_id


@pytest.mark.usefixtures("talkative")
@pytest.mark.parametrize("seconds", [0, 1e9], ids=["a checkpoint at each step, as in slow motion", "none after it"])
def test_a_run_whose_rate_was_raised_too_far_goes_on_from_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    run_id = raised_too_far(store, monkeypatch, seconds)
    run = store.run(run_id)
    assert run.state == "failed"
    assert (run.error or "").endswith(
        "The change to 100 is taken back: Resume goes on from where it was made, at 0.01."
    )
    assert 5 < run.step < 100  # the curve shows where it led
    assert steering.requeue(run_id, store)
    steps: list[int] = []
    execution.execute(store, run_id, lambda event: steps.append(event.step) if isinstance(event, StepsTaken) else None)
    assert steps[0] == 6
    resumed = store.run(run_id)
    assert (resumed.state, resumed.error, resumed.rate_changes) == ("finished", None, ())
    untouched = store.create(CONFIG)
    execution.execute(store, untouched)
    assert tiny.same_weights(load(store.weights(run_id)), load(store.weights(untouched)))


@pytest.mark.usefixtures("talkative")
def test_only_the_last_of_several_rises_is_taken_back(store: Store) -> None:
    run_id = store.create(CONFIG)
    lower, higher = (partial(steering.set_learning_rate, run_id, rate, store) for rate in (0.02, 100))

    def listen(event: Event) -> None:
        after_step(5, lower)(event)
        after_step(9, higher)(event)

    execution.execute(store, run_id, listen)
    assert (store.run(run_id).error or "").endswith("Resume goes on from where it was made, at 0.02.")
    assert store.weights_step(run_id, "checkpoint") == 9
    assert store.run(run_id).rate_changes == ((5, 0.02),)


@pytest.mark.usefixtures("talkative")
@pytest.mark.parametrize(
    ("seconds", "end"),
    [
        (1e9, "Resume goes on from the last checkpoint at 0.01."),
        (0, "It is {younger} steps younger than the change; should it fail again, start anew."),
    ],
)
def test_where_nothing_was_kept_before_the_rise_the_last_checkpoint_must_do(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: float, end: str
) -> None:
    """As in a run that an older version began."""
    monkeypatch.setattr(recorder.Recorder, "keep_before_rise", lambda recorder: None)
    run_id = raised_too_far(store, monkeypatch, seconds)
    kept = store.weights_step(run_id, "checkpoint")
    assert kept is not None
    assert (kept > 5) == (seconds == 0)
    assert store.run(run_id).state == "failed"
    assert (store.run(run_id).error or "").endswith(end.format(younger=kept - 5))


def test_who_has_lost_the_run_does_not_take_it_back(store: Store) -> None:
    """A zombie that finds its loss gone must not touch the checkpoint of the attempt that has taken over."""
    run_id = store.create(CONFIG)
    lost = store.claim(run_id, "here:1")
    assert lost is not None
    store.log(run_id, lost, weights={"before_rise": b"kept", "checkpoint": b"newer"})
    owned = store.claim(run_id, "elsewhere:1")
    assert owned is not None
    assert not recorder.Recorder(store, run_id, lost)._go_back(0)
    assert store.weights(run_id, "checkpoint") == b"newer"
    assert recorder.Recorder(store, run_id, owned)._go_back(0)
    assert store.weights(run_id, "checkpoint") == b"kept"


@pytest.mark.parametrize(
    ("rates", "taken_back", "left"),
    [
        ([], None, []),
        ([5.0], (5.0, 0.1), []),
        ([0.5, 5.0], (5.0, 0.5), [0.5]),
        ([0.01], None, [0.01]),  # lowered in vain: the rate before would be worse still
        ([5.0, 0.5], None, [5.0, 0.5]),
    ],
)
def test_only_a_last_change_that_raised_the_rate_is_taken_back(
    rates: list[float], taken_back: tuple[float, float] | None, left: list[float]
) -> None:
    rate = LearningRate(TrainConfig(learning_rate=0.1), 100, [(10 * i, one) for i, one in enumerate(rates)])
    undone = rate.undo_rise(step=95)
    assert (undone and undone[1:]) == taken_back
    assert [one for _, one in rate.changes] == left


def test_a_change_beyond_the_checkpoint_is_not_yet_made_and_gives_way_to_an_earlier_one() -> None:
    """Its worker died at step 1100, the run goes on from 550, and somebody chooses another rate at 600."""
    rate = LearningRate(TrainConfig(learning_rate=0.01), 2000, [(1000, 0.5)])
    assert (rate.chosen(550), rate.at(999), rate.at(1000)) == (0.01, 0.01, 0.5)
    assert rate.undo_rise(550) is None
    assert rate.changes == [(1000, 0.5)]
    rate.change(600, 0.1)
    assert (rate.chosen(600), rate.at(599), rate.at(1500)) == (0.1, 0.01, 0.1)
    assert rate.undo_rise(650) == (600, 0.1, 0.01)
    assert rate.changes == []


def test_the_rate_of_a_run_is_the_last_one_that_it_has_come_to(store: Store) -> None:
    run_id = store.create(CONFIG)
    store.change(run_id, {"rate_changes": "[[10, 0.5], [1000, 5.0]]", "step": 550}, ["queued"])
    assert store.run(run_id).chosen_rate == 0.5
    store.change(run_id, {"step": 9}, ["queued"])
    assert store.run(run_id).chosen_rate == CONFIG.train.learning_rate


def test_stopping_a_foreground_run_by_force_says_what_is_left_to_do(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its process may be on another computer, where nobody here can end it."""
    run_id = store.create(CONFIG)
    attempt = store.claim(run_id, "elsewhere:123")
    assert attempt is not None
    assert main(["stop", run_id, "--force", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "stopped"
    assert "taken from elsewhere:123" in told["said"]
    assert "can write nothing more" in told["said"]
    assert store.log(run_id, attempt).leave
    assert store.run(run_id).state == "stopped"


def test_stopping_an_engines_run_by_force_is_told_in_a_word(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    monkeypatch.setattr("mnistlab.tickets.end_worker_of", lambda ticket, _process: ended.append(ticket))
    run_id = store.create(CONFIG)
    store.claim(run_id, "host:1", "ticket")
    assert main(["stop", run_id, "--force", "--json"]) == 0
    assert (json.loads(capsys.readouterr().out)["said"], ended) == ("stopped", ["ticket"])


@pytest.mark.usefixtures("talkative")
@pytest.mark.parametrize(("images", "num_held_out"), [("validation", 100), ("test", 0)])
def test_a_network_that_says_no_numbers_though_its_weights_are_some_has_failed(
    store: Store, monkeypatch: pytest.MonkeyPatch, tiny_dataset: Dataset, images: str, num_held_out: int
) -> None:
    # Each of four steps multiplies the weights; what the last one makes of the next picture is too large for a float.
    held = replace(tiny_dataset, validation_size=num_held_out)
    monkeypatch.setattr(execution, "load_dataset", lambda name: held)
    sizes = {"epochs": 1, "batch_size": 60, "train_size": 200, "validation_size": num_held_out}
    run_id = store.create(tiny.config({"hidden": (128,) * 4, "activation": "relu"}, learning_rate=100, **sizes))
    execution.execute(store, run_id)
    run = store.run(run_id)
    assert (run.state, run.result) == ("failed", None)
    assert f"The loss of the {images} images is no longer a number" in (run.error or "")
    assert "Try a learning rate of 10 or less." in (run.error or "")


def test_what_no_event_has_told_of_a_diverging_run_comes_with_the_error(tiny_dataset: Dataset) -> None:
    shape = {"hidden": (64, 64), "activation": "none"}
    config = tiny.config(shape, learning_rate=100, epochs=20, batch_size=5, schedule="cosine")
    one_by_one: list[Event] = []
    with pytest.raises(DivergedError):
        one_by_one.extend(train(config, tiny_dataset, report_every=EACH_STEP))
    with pytest.raises(DivergedError) as caught:
        list(train(config, tiny_dataset, report_every=NEVER))
    told = caught.value.last
    assert told is not None
    assert told.losses.tolist() == losses_of(one_by_one)
    last = one_by_one[-1]
    assert isinstance(last, StepsTaken)
    assert (told.first_step, told.step, told.epoch) == (1, last.step, last.epoch)
    assert told.learning_rate == last.learning_rate  # of its own last step, not of the last one that was taken
