"""What is exported: a run of the store or a built-in model, in one form that every format reads from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mnistlab.builtin import builtin_names, builtin_record, no_such_model, weights_digest
from mnistlab.config import RunConfig, parse_config
from mnistlab.curve import Curve
from mnistlab.errors import ExportError, RunNotFoundError
from mnistlab.events import EpochEnded
from mnistlab.ids import is_run_id
from mnistlab.paths import BUILTIN_MODELS
from mnistlab.runs import Run
from mnistlab.store import Store

if TYPE_CHECKING:
    from torch import nn

    from mnistlab.data import Split
    from mnistlab.evaluation import Evaluation

CURVE_INSTEAD = "Take its curve instead, as TensorBoard events."


@dataclass(frozen=True, eq=False)
class Source:
    """A trained network with all that is known about it.

    `state` is that of its run; `result` is empty until it has finished; `step` is the step of its weights. `curve` has
    no steps for a built-in model, whose losses were not kept; `weights` are empty if the run has none.
    """

    name: str  # a run's id or a built-in model's name
    config: RunConfig
    state: str
    result: dict[str, Any]
    created: float  # seconds since 1970: when its training began
    seconds: float  # in the training loop
    step: int
    num_steps: int
    epochs: list[EpochEnded]
    curve: Curve
    weights: bytes  # safetensors
    answers: bytes | None  # safetensors: what it said about each test image
    title: str | None = None  # its name, and a note, both written by people
    note: str | None = None
    rate_changes: tuple[tuple[int, float], ...] = ()
    planned_epochs: int | None = None  # how many were planned at first, if it was given more
    taken_in: float | None = None  # when it was imported; `created` is the same if its own is unknown

    @cached_property
    def model(self) -> "nn.Module":
        """The network, in eval mode on the CPU."""
        from mnistlab.checkpoint import unpack_weights

        return unpack_weights(self.weights)[0]

    def evaluation(self, test: "Split") -> "Evaluation":
        """Its answers on the test set: those that were kept, else computed now."""
        from mnistlab.evaluation import evaluate
        from mnistlab.predictions import fitting

        kept = None if self.answers is None else fitting(self.answers, self.step, test)
        return kept or evaluate(self.model, test)


def find_source(name: str, store: Store, needs_weights: bool = True) -> Source:
    """Look up a built-in model by name or a run by id.

    needs_weights: whether a run without any, as one that diverged at once, is refused although it has a curve.

    Raises:
        ModelNotFoundError: there is none.
        RunNotFoundError: no such run, or it has kept no weights yet.
    """
    if name in builtin_names():
        return _from_builtin(name)
    if is_run_id(name):
        return _from_run(name, store, needs_weights)
    raise no_such_model(name)


def _from_run(run_id: str, store: Store, needs_weights: bool) -> Source:
    run, curve = store.run(run_id), store.curve(run_id)
    try:
        weights = store.weights(run_id)
    except RunNotFoundError:
        if needs_weights or len(curve.steps) == 0:
            raise
        weights = b""
    try:
        answers = store.weights(run_id, "answers")
    except RunNotFoundError:  # the run is not over
        answers = None
    outline = outline_of_run(run, curve)
    step = store.weights_step(run_id)
    step = run.step if step is None else step
    return replace(outline, step=step, epochs=store.epochs(run_id), weights=weights, answers=answers)


def outline_of_run(run: Run, curve: Curve) -> Source:
    """What a run's row says about it, with its curve: all but its weights, answers and epochs."""
    return Source(
        name=run.id,
        config=run.config,
        state=run.state,
        result=run.result or {},
        created=run.created if run.started is None else run.started,
        seconds=run.seconds,
        step=run.step,
        num_steps=run.num_steps or 0,
        epochs=[],
        curve=curve,
        weights=b"",
        answers=None,
        title=run.name,
        note=run.note,
        rate_changes=run.rate_changes,
        planned_epochs=run.planned_epochs,
        taken_in=run.created if run.is_imported else None,
    )


def _from_builtin(name: str) -> Source:
    outline = outline_of_builtin(name)
    weights = (BUILTIN_MODELS / f"{name}.safetensors").read_bytes()
    return replace(outline, weights=weights, answers=_answers_of(name, outline.step))


def outline_of_builtin(name: str) -> Source:
    """What the record of a built-in model says about it: all but its weights and answers."""
    record = builtin_record(name)
    epochs = [EpochEnded(**figures) for figures in record["epochs"]]
    made = datetime.fromisoformat(record["made"]).replace(tzinfo=UTC)
    result = {key: record[key] for key in ("test_accuracy", "test_loss", "per_digit", "train_seconds")}
    result |= {"num_parameters": record["num_parameters"], "machine": record["machine"]}
    result |= {"images_per_second": epochs[-1].images_per_second, "test_readings": 1}
    return Source(
        name=name,
        config=parse_config(record["config"]),
        state="finished",
        result=result,
        created=made.timestamp(),
        seconds=record["train_seconds"],
        step=epochs[-1].step,
        num_steps=epochs[-1].step,
        epochs=epochs,
        curve=Curve.from_rows([]),
        weights=b"",
        answers=None,
        title=record["title"],
    )


def _answers_of(name: str, step: int) -> bytes | None:
    """A built-in model's answers, identified like a run's: by the step of its weights instead of their digest.

    None if there are none for these weights.
    """
    from mnistlab.predictions import pack_answers, unpack_answers

    path = BUILTIN_MODELS / f"{name}.answers"
    if not path.exists():
        return None
    evaluation, version = unpack_answers(path.read_bytes())
    return pack_answers(evaluation, step) if version == weights_digest(name) else None


def wall_times(source: Source, steps: Sequence[int]) -> npt.NDArray[np.float64]:
    """When each of these steps was taken, in seconds since 1970, interpolated between the ends of epochs and run."""
    known = [(0, 0.0), *((ended.step, ended.seconds) for ended in source.epochs if ended.step > 0)]
    last_step = int(source.curve.report_steps[-1:].sum())
    if last_step > known[-1][0]:  # stopped within an epoch
        known.append((last_step, source.seconds))
    at_steps, seconds = zip(*known, strict=True)
    times: npt.NDArray[np.float64] = source.created + np.interp(steps, at_steps, seconds)
    return times


def must_be_over(source: Source, what: str) -> None:
    """Refuse a run that is not finished, or a trial that has not been tested.

    Raises:
        ExportError: it has not.
    """
    problem = end_problem(source.name, source.state, source.result, what)
    if problem is not None:
        raise ExportError(problem)


def end_problem(name: str, state: str, result: Mapping[str, Any] | None, what: str) -> str | None:
    """Why `what`, which includes how a run ended, cannot be made of this run; None if it can."""
    instead = "take its weights alone, as safetensors or ONNX"
    if state == "failed":
        return f"The run {name} failed, and {what} is made of a finished one. {CURVE_INSTEAD}"
    if state != "finished":
        return f"The run {name} is {state}, and {what} needs a finished one. Resume it or let it finish, or {instead}."
    if not result:
        return (
            f"The run {name} is a trial, which has not read the test set, and {what} needs that result. Train it for "
            f"more epochs first, or {instead}."
        )
    return None
