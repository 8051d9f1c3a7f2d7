"""Runs as they stand in a store after a training that never took place: results and curves made up; pure, no pytest."""

import numpy as np

from mnistlab.config import RunConfig, parse_config
from mnistlab.data import NUM_CLASSES
from mnistlab.evaluation import Evaluation
from mnistlab.events import EpochEnded, StepsTaken
from mnistlab.predictions import ANSWERS, pack_answers
from mnistlab.presets import PRESETS
from mnistlab.store import Store

_STEPS = 40  # an epoch


def varied(number: int) -> RunConfig:
    """One of many recipes, as a term of lessons leaves them: presets with other rates, sizes and seeds."""
    presets = list(PRESETS.values())
    values = presets[number % len(presets)].config.model_dump()
    values["train"] |= {
        "learning_rate": (0.3, 0.1, 0.03, 0.01, 0.003)[number // 9 % 5],
        "batch_size": (20, 64, 128)[number // 45 % 3],
        "epochs": 2 + number // 135 % 3,
        "seed": number // 7 % 5,
    }
    return parse_config(values)


def keep(store: Store, config: RunConfig, accuracy: float, num_images: int = 10_000) -> str:
    """A finished run of two epochs with this test accuracy; return its id."""
    generator = np.random.default_rng(int(accuracy * 1e6))
    run_id = store.create(config, owner="a class", state="running")
    attempt = store.claim(run_id, "a worker", "a ticket")
    assert attempt is not None
    steps = [_report(epoch, accuracy, generator) for epoch in (1, 2)]
    epochs = [_epoch(epoch, accuracy) for epoch in (0, 1, 2)]
    answers = _answers(accuracy, num_images, generator)
    weights = {"last": b"read by nobody", ANSWERS: pack_answers(answers, 2 * _STEPS)}
    store.log(run_id, attempt, steps, epochs, weights, num_steps=2 * _STEPS)
    store.finish(
        run_id,
        attempt,
        "finished",
        {
            "test_accuracy": answers.accuracy,
            "test_loss": 4 * (1 - accuracy),
            "per_digit": answers.per_digit,
            "num_parameters": 1000 * int(generator.integers(8, 900)),
        },
    )
    return run_id


def _report(epoch: int, accuracy: float, generator: np.random.Generator) -> StepsTaken:
    first, last = 1 + (epoch - 1) * _STEPS, epoch * _STEPS
    losses = 2.3 * np.exp(-np.arange(first, last + 1) * accuracy / 15) + generator.uniform(0, 0.1, _STEPS)
    return StepsTaken(first, last, float(epoch), losses.astype(np.float32), accuracy, 0.1, 20_000.0, 3.0 * epoch)


def _epoch(epoch: int, accuracy: float) -> EpochEnded:
    share = 0.1 if epoch == 0 else accuracy - 0.02 / epoch
    known = None if epoch == 0 else share
    return EpochEnded(epoch, epoch * _STEPS, known and 1 - known, known, 2 * (1 - share), share, 20_000.0, 3.0 * epoch)


def _answers(accuracy: float, num_images: int, generator: np.random.Generator) -> Evaluation:
    """Answers of which so many are right; those wrong are other ones for another accuracy."""
    labels = np.arange(num_images) % NUM_CLASSES
    said = labels.copy()
    wrong = generator.permutation(num_images)[: round((1 - accuracy) * num_images)]
    said[wrong] = (said[wrong] + 1) % NUM_CLASSES
    return Evaluation("test", 4 * (1 - accuracy), np.eye(NUM_CLASSES, dtype=np.float32)[said], labels)
