"""From a training's events to the store: throttled, with checkpoints, and a test at the end."""

import time

from mnistlab.checkpoint import pack_weights
from mnistlab.data import Split
from mnistlab.device import describe_machine
from mnistlab.errors import RunNotFoundError
from mnistlab.evaluation import evaluate
from mnistlab.events import EpochEnded, Event, StepsTaken, TrainingEnded, TrainingStarted
from mnistlab.store import Store

_WRITE_EVERY = 0.5  # seconds between two transactions
_CHECKPOINT_EVERY = 5.0  # seconds of work that a crash may cost


class Recorder:
    """Writes one attempt at a run to the store, at most twice a second."""

    def __init__(self, store: Store, run_id: str, attempt: int) -> None:
        self._store = store
        self._run_id = run_id
        self._attempt = attempt
        self._config = store.run(run_id).config
        self._started: TrainingStarted | None = None
        self._steps: list[StepsTaken] = []
        self._epochs: list[EpochEnded] = []
        self._ended: TrainingEnded | None = None
        self._last_write = 0.0
        self._last_checkpoint = time.monotonic()

    def last_checkpoint(self) -> bytes | None:
        """Where a former attempt came to, if any."""
        try:
            return self._store.weights(self._run_id, "checkpoint")
        except RunNotFoundError:
            return None

    def record(self, event: Event) -> str | None:
        """Take one event; return what the store asks for: None, "stop" or "leave"."""
        match event:
            case TrainingStarted():
                self._started = event
            case StepsTaken():
                self._steps.append(event)
            case EpochEnded():
                self._epochs.append(event)
            case TrainingEnded():
                self._ended = event
        if time.monotonic() - self._last_write < _WRITE_EVERY:
            return None
        return self._write(with_checkpoint=time.monotonic() - self._last_checkpoint >= _CHECKPOINT_EVERY)

    def stop(self) -> None:
        """Keep what was learned so far and close the run as stopped."""
        self._write(with_checkpoint=True)
        self._store.finish(self._run_id, self._attempt, "stopped")

    def give_up(self) -> None:
        """Keep the curve up to where the loss was last a number, without the weights, which no longer are."""
        self._store.log(self._run_id, self._attempt, self._steps, self._epochs)

    def finish(self, test: Split) -> None:
        """Keep the weights, read the test set for the first and only time, and close the run."""
        assert self._started is not None
        assert self._ended is not None
        self._write(with_checkpoint=True)
        evaluation = evaluate(self._started.state.model, test)
        result = {
            "test_accuracy": evaluation.accuracy,
            "test_loss": evaluation.loss,
            "per_digit": evaluation.per_digit,
            "train_seconds": self._ended.seconds,
            "images_per_second": self._ended.images_per_second,
            "num_parameters": self._started.num_parameters,
            "machine": describe_machine(),
        }
        self._store.finish(self._run_id, self._attempt, "finished", result)

    def _write(self, with_checkpoint: bool) -> str | None:
        assert self._started is not None
        state = self._started.state
        weights = {}
        if with_checkpoint:
            weights["checkpoint"] = state.checkpoint()
            self._last_checkpoint = time.monotonic()
        if with_checkpoint or self._epochs:
            weights["last"] = pack_weights(state.model, self._config)
        request = self._store.log(
            self._run_id, self._attempt, self._steps, self._epochs, weights, self._started.num_steps
        )
        self._steps, self._epochs = [], []
        self._last_write = time.monotonic()
        return request
