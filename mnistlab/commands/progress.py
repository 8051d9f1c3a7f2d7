"""Show the progress of a training: a moving line on a terminal, and a permanent line for each epoch."""

import os
import shutil
import sys
from typing import Any

from mnistlab.events import EpochEnded, Event, StepsTaken, TrainingStarted
from mnistlab.figures import percent

_LEAD = "{percentage:3.0f} %  {remaining} left"
_LONGEST_LEAD = "100 %  10:00:00 left"
_BAR = "{bar:24}"
_DROPPED_FIRST = ("bar", "accuracy", "pace", "loss", "epoch")


class Progress:
    """Shows time left, epoch, loss, accuracy and images/s; without a terminal, as in a log, the epochs alone."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._bar: Any = None
        self._pace: float | None = None

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, TrainingStarted):
            print(f"Run {self._run_id}: {event.num_parameters:,} parameters on {event.device}.", flush=True)
            if sys.stderr.isatty():
                self._begin(event)
        elif isinstance(event, StepsTaken):
            self._pace = event.images_per_second
            if self._bar is not None:
                self._bar.bar_format = bar_format(event, _width())
                self._bar.update(event.step - self._bar.n)
        elif isinstance(event, EpochEnded):
            if self._bar is not None:
                self._bar.write(_epoch_line(event), file=sys.stderr)
            else:
                pace = f"; {self._pace:,.0f} images/s" if self._pace is not None else ""
                print(_epoch_line(event) + pace, file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the line, however the training has ended, so that what is printed next has its own."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _begin(self, started: TrainingStarted) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=started.num_steps,
            initial=started.state.step,
            file=sys.stderr,
            bar_format=_LEAD,
            dynamic_ncols=True,
        )


def bar_format(event: StepsTaken, width: int) -> str:
    """The format of tqdm's line: the time left, and as much of the rest as fits into the width."""
    shown = {
        "bar": f"  |{_BAR}|",
        "epoch": f"  epoch {event.epoch:5.2f}",
        "loss": f"  loss {event.losses.mean():.4f}",
        "accuracy": f"  training accuracy {percent(event.accuracy)}",
        "pace": f"  {event.images_per_second:,.0f} images/s",
    }
    for name in _DROPPED_FIRST:
        written = _LONGEST_LEAD + "".join(shown.values()).replace(_BAR, " " * 24)
        if len(written) <= width:
            break
        del shown[name]
    return _LEAD + "".join(shown.values())


def _width() -> int:
    """Columns of standard error that fit without a line break; standard output may go elsewhere."""
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return (columns or shutil.get_terminal_size().columns) - 1


def _epoch_line(event: EpochEnded) -> str:
    figures = [f"epoch {event.epoch}:"]
    if event.train_loss is not None and event.train_accuracy is not None:
        figures.append(f"training loss {event.train_loss:.4f}, accuracy {percent(event.train_accuracy)};")
    if event.validation_loss is not None and event.validation_accuracy is not None:
        figures.append(f"validation loss {event.validation_loss:.4f}, accuracy {percent(event.validation_accuracy)}")
    return " ".join(figures).rstrip(";")
