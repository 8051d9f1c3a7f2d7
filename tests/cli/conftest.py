"""What every command is tested with: few images, and its output line by line."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnistlab import data, execution
from mnistlab.cli import main
from mnistlab.data import Dataset

Lines = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def _tiny_mnist(monkeypatch: pytest.MonkeyPatch, tiny_dataset: Dataset) -> None:
    """Train and test on a few hundred images."""
    monkeypatch.setattr(execution, "load_dataset", lambda name: tiny_dataset)
    monkeypatch.setattr(data, "load_dataset", lambda name: tiny_dataset)


@pytest.fixture(autouse=True)
def _own_interrupts() -> Iterator[None]:
    """Give Ctrl-C back to pytest after a command that listens to it."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What was printed since it was last asked for."""
    return lambda: capsys.readouterr().out.splitlines()


@pytest.fixture
def objects(lines: Lines) -> Callable[[], list[dict[str, Any]]]:
    """What was printed as JSON lines, each of them strictly JSON."""
    return lambda: [json.loads(line, parse_constant=pytest.fail) for line in lines()]


@pytest.fixture
def run_id(lines: Lines) -> str:
    """A run of one epoch that was trained from the command line."""
    assert main(["train", "--epochs", "1", "--json"]) == 0
    return str(json.loads(lines()[-1])["run"])


def save(path: Path, rgba: np.ndarray, mode: str = "RGBA") -> str:
    Image.fromarray(rgba).convert(mode).save(path)
    return str(path)
