"""The models that come along are what their presets make."""

import json
from pathlib import Path

import pytest

from mnistlab.builtin import __main__ as command
from mnistlab.builtin import builtin_names, builtin_record
from mnistlab.checkpoint import unpack_weights
from mnistlab.config import parse_config
from mnistlab.paths import BUILTIN_MODELS
from mnistlab.presets import get_preset


@pytest.mark.parametrize("name", builtin_names())
def test_each_is_small_and_has_the_record_of_its_making(name: str) -> None:
    path = BUILTIN_MODELS / f"{name}.safetensors"
    assert path.stat().st_size < 2_000_000
    _, config = unpack_weights(path.read_bytes())
    record = builtin_record(name)
    assert config == parse_config(record["config"]) == get_preset(name).config
    assert record["command"] == f"python -m mnistlab.builtin {name}"


@pytest.mark.slow
def test_the_one_that_learns_fastest_is_made_again(tmp_path: Path) -> None:
    """One pass over the data; other processors and thread counts round otherwise, so that only accuracy can agree."""
    command.make("fast-cnn", tmp_path)
    made, kept = json.loads((tmp_path / "fast-cnn.json").read_text()), builtin_record("fast-cnn")
    assert parse_config(made["config"]) == parse_config(kept["config"])  # a field may be newer than the record
    assert made["test_accuracy"] == pytest.approx(kept["test_accuracy"], abs=0.003)
    _, config = unpack_weights((tmp_path / "fast-cnn.safetensors").read_bytes())
    assert config == get_preset("fast-cnn").config
