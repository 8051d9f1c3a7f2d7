"""What each command of `python -m mnistlab` does and prints; cli.py says how they are called."""

from mnistlab.commands.models import classify, evaluate, export
from mnistlab.commands.runs import presets, runs
from mnistlab.commands.steer import go_on, pause, rate, resume, stop
from mnistlab.commands.sweep import sweep_list, sweep_resume, sweep_show, sweep_start, sweep_stop
from mnistlab.commands.train import train

__all__ = [
    "classify",
    "evaluate",
    "export",
    "go_on",
    "pause",
    "presets",
    "rate",
    "resume",
    "runs",
    "stop",
    "sweep_list",
    "sweep_resume",
    "sweep_show",
    "sweep_start",
    "sweep_stop",
    "train",
]
