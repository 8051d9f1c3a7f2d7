"""Write a training's events to the store: throttled, with checkpoints, and a test at the end."""

import time

from mnistlab import patience
from mnistlab.checkpoint import pack_weights
from mnistlab.config import RunConfig
from mnistlab.data import Split
from mnistlab.device import describe_machine
from mnistlab.errors import DatabaseReplacedError, RunNotFoundError, StoreError
from mnistlab.evaluation import evaluate
from mnistlab.events import EpochEnded, Event, StepsTaken, TrainingEnded, TrainingStarted
from mnistlab.meter import check_reading, check_weights
from mnistlab.paths import seconds_setting
from mnistlab.patience import insist
from mnistlab.predictions import ANSWERS, pack_answers
from mnistlab.rows import change_run, make_checkpoint
from mnistlab.runs import Request
from mnistlab.store import Store
from mnistlab.training import TrainingState

_WRITE_EVERY = 0.5  # seconds between two transactions
# Seconds of work that a crash may cost; a checkpoint of the tutorial's network takes some 10 ms.
_CHECKPOINT_EVERY = seconds_setting("MNISTLAB_CHECKPOINT", 5)
# After a checkpoint that took longer than this, in seconds, the next waits this many times as long, up to a minute.
_SLOW, _REST, _LONGEST_REST = 0.5, 10, 60
_BEFORE_RISE = "before_rise"  # the kind of the weights that are kept before a learning rate is raised by hand


class Recorder:
    """Writes one attempt at a run to the store, at most twice a second."""

    def __init__(self, store: Store, run_id: str, attempt: int) -> None:
        self._store = store
        self._run_id = run_id
        self._attempt = attempt
        self._run = store.run(run_id)
        self._note: str | None = None
        self._started: TrainingStarted | None = None
        self._steps: list[StepsTaken] = []
        self._epochs: list[EpochEnded] = []
        self._ended: TrainingEnded | None = None
        self._has_begun = False  # whether its first losses are in the store
        self._last_write = 0.0
        self._last_checkpoint = time.monotonic()
        self._refused_since: float | None = None  # since when the database has refused every write
        self._checkpoint_rest = 0.0  # seconds

    @property
    def state(self) -> TrainingState:
        """What is being trained."""
        assert self._started is not None
        return self._started.state

    def last_checkpoint(self) -> bytes | None:
        """The checkpoint that an earlier attempt left, if any."""
        try:
            return self._store.weights(self._run_id, "checkpoint")
        except RunNotFoundError:
            return None

    def record(self, event: Event) -> Request | None:
        """Take one event; if it is written now, return what the store asks for, else None.

        Raises:
            StoreError: the database has refused everything for a minute, or another one has taken its place.
        """
        self._take_down(event)
        is_first = bool(self._steps) and not self._has_begun  # somebody is waiting for the first losses
        if time.monotonic() - self._last_write < _WRITE_EVERY and not is_first and not self.state.slow_motion:
            return None
        rest = max(_CHECKPOINT_EVERY, self._checkpoint_rest)
        is_due = time.monotonic() - self._last_checkpoint >= rest
        try:
            return self._write(with_checkpoint=is_due)
        except DatabaseReplacedError:
            raise
        except StoreError:
            self._last_write = time.monotonic()  # what could not be written is kept for the next try
            if self._refused_since is None:
                self._refused_since = self._last_write
            if self._last_write - self._refused_since >= patience.STORE_PATIENCE:
                raise
            return None

    def _take_down(self, event: Event) -> None:
        match event:
            case TrainingStarted():
                self._started = event
                if event.device not in event.state.devices:
                    event.state.devices.append(event.device)
            case StepsTaken():
                self._steps.append(event)
            case EpochEnded():
                self._epochs.append(event)
            case TrainingEnded():
                self._ended = event

    def beat(self, with_checkpoint: bool = False) -> Request:
        """Write a heartbeat for a run that waits; return what the store asks for."""
        return insist(lambda: self._write(with_checkpoint))

    def is_asked_otherwise(self, request: Request) -> bool:
        """Whether the store asks for something else by now; it only reads, so that it can be called often."""
        try:
            run = self._store.run(self._run_id)
        except (RunNotFoundError, StoreError):
            return True  # the next write will find out
        return run.request != request or run.attempt != self._attempt

    def stop(self) -> None:
        """Keep what was learned so far and close the run as stopped."""
        insist(lambda: self._write(with_checkpoint=True))
        insist(lambda: self._store.finish(self._run_id, self._attempt, "stopped", error=self._note))

    @property
    def config(self) -> RunConfig:
        """The run's config."""
        return self._run.config

    @property
    def is_a_guest(self) -> bool:
        """Whether it occupies an engine's worker, which others may be waiting for."""
        return self._run.ticket is not None

    def note(self, reason: str) -> None:
        """Note why the run is stopped when nobody asked for it."""
        self._note = reason

    def keep_before_rise(self) -> None:
        """Keep a separate checkpoint to go back to if the raised learning rate turns out to be too high."""
        weights = {_BEFORE_RISE: self._checkpoint()}
        insist(lambda: self._store.log(self._run_id, self._attempt, weights=weights))

    def give_up(self, last: StepsTaken | None) -> str:
        """After the training diverged, keep its curve up to the last finite loss, but not the weights.

        last: the end of that curve, if no event has reported it yet.
        If the learning rate was raised by hand, undo that and what was learned with it, so that a resumed run does not
        diverge again; return a sentence that says so, else an empty one.
        """
        taken_back = self.state.rate.undo_rise(self.state.step)
        steps, epochs, changes = [*self._steps, *filter(None, [last])], self._epochs, self.state.rate.changes
        insist(lambda: self._store.log(self._run_id, self._attempt, steps, epochs, rate_changes=changes))
        if taken_back is None:
            return ""
        changed_at, raised, before = taken_back
        if insist(lambda: self._go_back(changed_at)):
            return f" The change to {raised:g} is taken back: Resume goes on from where it was made, at {before:g}."
        message = f" The change to {raised:g} is taken back: Resume goes on from the last checkpoint at {before:g}."
        kept = insist(lambda: self._store.weights_step(self._run_id, "checkpoint")) or 0
        if kept > changed_at:
            message += f" It is {kept - changed_at:,} steps younger than the change; should it fail again, start anew."
        return message

    def _go_back(self, step: int) -> bool:
        """Make the weights kept when the rate was raised at this step the checkpoint; return whether there were any."""
        with self._store.transaction() as connection:
            is_mine = change_run(connection, self._run_id, {"heartbeat": time.time()}, ("running",), self._attempt)
            return is_mine and make_checkpoint(connection, self._run_id, _BEFORE_RISE, step)

    def finish(self, test: Split | None) -> None:
        """Keep the weights, read the test set, and close the run; without a test set, there is no result either."""
        assert self._started is not None
        assert self._ended is not None
        insist(lambda: self._write(with_checkpoint=True))
        if test is None:
            insist(lambda: self._store.finish(self._run_id, self._attempt, "finished"))
            return
        evaluation = evaluate(self.state.model, test)
        check_reading(evaluation.loss, "test", self.state.step, self.state.highest_rate)
        result = {
            "test_accuracy": evaluation.accuracy,
            "test_loss": evaluation.loss,
            "per_digit": evaluation.per_digit,
            "test_readings": 1 + self._run.test_readings,  # 2 where epochs were added
            "train_seconds": self._ended.seconds,
            "images_per_second": self._ended.images_per_second,
            "num_parameters": self._started.num_parameters,
            "machine": describe_machine() | self._devices(),
        }
        answers = pack_answers(evaluation, self._ended.step)
        insist(lambda: self._store.log(self._run_id, self._attempt, weights={ANSWERS: answers}))
        insist(lambda: self._store.finish(self._run_id, self._attempt, "finished", result))

    def _devices(self) -> dict[str, str]:
        """The device it was trained on and, if it was resumed elsewhere, the earlier one least like a single CPU."""
        assert self._started is not None
        now = self._started.device
        earlier = sorted(
            (name for name in self.state.devices if name != now),
            key=lambda name: (name.startswith("CPU"), "processes" not in name),
        )
        return {"device": now, **({"earlier device": earlier[0][:80]} if earlier else {})}

    def _write(self, with_checkpoint: bool) -> Request:
        assert self._started is not None
        start, weights = time.monotonic(), {}
        if with_checkpoint:
            weights["checkpoint"] = self._checkpoint()
        if with_checkpoint or self._epochs:
            weights["last"] = pack_weights(self.state.model, self._run.config)
        if self.state.closeup is not None:
            weights["closeup"] = self.state.closeup.pack()
        num_steps, changes = self._started.num_steps, self.state.rate.changes
        request = self._store.log(
            self._run_id, self._attempt, self._steps, self._epochs, weights, num_steps, rate_changes=changes
        )
        self._has_begun = self._has_begun or bool(self._steps)
        self._steps, self._epochs, self.state.closeup = [], [], None
        self._last_write, self._refused_since = time.monotonic(), None
        if with_checkpoint:
            cost = self._last_write - start
            self._last_checkpoint = self._last_write
            self._checkpoint_rest = min(_REST * cost, _LONGEST_REST) if cost > _SLOW else 0
        return request

    def _checkpoint(self) -> bytes:
        """A checkpoint to resume from; raises DivergedError rather than keep weights that are not finite."""
        check_weights(self.state.model, self.state.step, self.state.highest_rate)
        return self.state.checkpoint()
