"""The tutorial's pipeline, written plainly, and ours learn the same, step for step."""

import numpy as np

from benchmarks import tutorial
from mnistlab.config import parse_config
from mnistlab.data import Dataset
from mnistlab.presets import get_preset
from mnistlab.training import train
from tests.tiny import losses_of


def test_losses_equal_the_tutorials_step_for_step(tiny_dataset: Dataset) -> None:
    values = get_preset("tutorial-mlp").config.model_dump()
    values["train"] |= {"epochs": 2, "device": "cpu"}
    epoch = tutorial.epoch("tutorial-mlp", tiny_dataset.source)
    theirs = epoch() + epoch()
    np.testing.assert_allclose(losses_of(train(parse_config(values), tiny_dataset)), theirs, rtol=1e-3)


def test_the_augmented_and_the_deep_one_learn_from_every_digit_twice(tiny_dataset: Dataset) -> None:
    for preset in ("tutorial-augmented", "tutorial-deep"):
        losses = tutorial.epoch(preset, tiny_dataset.source)()
        assert len(losses) == 2 * len(tiny_dataset.source.labels) // 20
        assert np.isfinite(losses).all()
