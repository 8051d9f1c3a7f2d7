"""What each command of `python -m mnistlab` does and prints; cli.py says how they are called."""

from mnistlab.commands.models import classify, evaluate
from mnistlab.commands.runs import presets, runs
from mnistlab.commands.share import export, import_
from mnistlab.commands.steer import go_on, pause, rate, resume, stop
from mnistlab.commands.train import train

__all__ = [
    "classify",
    "evaluate",
    "export",
    "go_on",
    "import_",
    "pause",
    "presets",
    "rate",
    "resume",
    "runs",
    "stop",
    "train",
]
