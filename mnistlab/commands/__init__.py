"""What each command of `python -m mnistlab` does and prints; cli.py says how they are called."""

from mnistlab.commands.compare import compare
from mnistlab.commands.keep import delete, note, rename, restore, star
from mnistlab.commands.models import classify, evaluate
from mnistlab.commands.recipes import presets, settings
from mnistlab.commands.runs import runs
from mnistlab.commands.share import export, import_
from mnistlab.commands.steer import go_on, pause, rate, resume, stop
from mnistlab.commands.sweep import sweep_list, sweep_resume, sweep_show, sweep_start, sweep_stop
from mnistlab.commands.train import train

__all__ = [
    "classify",
    "compare",
    "delete",
    "evaluate",
    "export",
    "go_on",
    "import_",
    "note",
    "pause",
    "presets",
    "rate",
    "rename",
    "restore",
    "resume",
    "runs",
    "settings",
    "star",
    "stop",
    "sweep_list",
    "sweep_resume",
    "sweep_show",
    "sweep_start",
    "sweep_stop",
    "train",
]
