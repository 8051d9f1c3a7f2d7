"""What each command of `python -m mnistlab` does and prints; cli.py says how they are called."""

from mnistlab.commands.models import classify, evaluate, export
from mnistlab.commands.runs import presets, runs
from mnistlab.commands.train import train

__all__ = ["classify", "evaluate", "export", "presets", "runs", "train"]
