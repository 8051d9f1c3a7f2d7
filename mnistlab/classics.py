"""The classic experiments with a network's settings: each a sweep of a minute or two, with what to watch for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnistlab.errors import ConfigError
from mnistlab.presets import get_preset
from mnistlab.sweep_config import SweepConfig, parse_sweep


@dataclass(frozen=True)
class Classic:
    """A sweep with a name, what to watch for in it, and roughly how long it takes."""

    name: str
    title: str
    watch: str
    minutes: float  # an estimate, for one worker on an idle computer
    config: SweepConfig


def _base(model: Mapping[str, Any] | None = None, **train: Any) -> dict[str, Any]:
    """The tutorial's network, smaller and with larger batches, so that many can be trained in a minute."""
    values = get_preset("tutorial-mlp").config.model_dump()
    values["model"] |= {"hidden": (128,)} | dict(model or {})
    values["train"] |= {"batch_size": 64, "epochs": 2, "shuffle": True, "validation_size": 5000} | train
    return values


def _range(setting: str, low: float, high: float, points: int = 5) -> dict[str, Any]:
    return {"setting": setting, "low": low, "high": high, "points": points}


def _choice(setting: str, *options: Any) -> dict[str, Any]:
    return {"setting": setting, "options": options}


def _classic(
    name: str, title: str, watch: str, minutes: float, base: Mapping[str, Any], *varied: dict[str, Any], **how: Any
) -> Classic:
    config = parse_sweep({"title": title, "base": base, "parameters": varied} | how)
    return Classic(name, title, watch, minutes, config)


# Long enough to learn 500 images by heart without dropout or warps.
_PATIENT = {"optimizer": "adam", "learning_rate": 1e-3, "epochs": 60}
_SIZES = _choice("train.train_size", 500, 2000, 8000)

_ALL = (
    _classic(
        "learning-rate",
        "Learning rate",
        "A hill with one steep side: below 0.01 two epochs are not enough, from there to about 1 it learns well, and "
        "beyond that each step goes too far and nothing is learned. The best rate is close to the edge.",
        1,
        _base(),
        _range("train.learning_rate", 1e-4, 10, 11),
    ),
    _classic(
        "batch-size",
        "Batch size",
        "At the same learning rate, large batches lose: an epoch has fewer steps of the same length. A rate ten times "
        "larger makes up for much of that, but ruins the smallest batches, whose steps are the noisiest: the two "
        "settings belong together.",
        1,
        _base(),
        _range("train.batch_size", 8, 2048, 5),
        _choice("train.learning_rate", 0.1, 1.0),
    ),
    _classic(
        "width",
        "Width",
        "Each doubling helps less than the one before: a lot from 4 to 32 neurons, hardly anything from 256 to 1,024, "
        "for four times the work.",
        1,
        _base(),
        _range("width", 4, 1024, 9),
    ),
    _classic(
        "depth",
        "Depth",
        "One hidden layer is much better than none. More of them gain little on digits this small, and which of these "
        "comes out best is luck: try Luck of the seed.",
        0.5,
        _base(),
        _range("depth", 0, 5, 6),
    ),
    _classic(
        "seeds",
        "Luck of the seed",
        "Three depths with five seeds each: the deeper the network, the further apart its dots lie. Had you tried "
        "each of them only once, any of the three might have seemed the best.",
        1.5,
        _base(),
        _choice("depth", 1, 3, 5),
        _choice("train.seed", 0, 1, 2, 3, 4),
    ),
    _classic(
        "activation",
        "Activation",
        "With one hidden layer all of them learn, even none. With four, none is no better than having no hidden "
        "layer, and sigmoid stays at guessing: its gradients are too small to reach the first layer.",
        1,
        _base(),
        _choice("model.activation", "relu", "gelu", "tanh", "sigmoid", "none"),
        _choice("depth", 1, 4),
    ),
    _classic(
        "dropout-and-data",
        "Dropout against data size",
        "Dropout hinders overfitting, which is learning by heart instead of learning to read: it gains about one "
        "point at each of these sizes. Four times as many images gain far more than any dropout.",
        2,
        _base({"hidden": (256,)}, **_PATIENT),
        _choice("model.dropout", 0.0, 0.3, 0.6),
        _SIZES,
    ),
    _classic(
        "augmentation",
        "Augmentation on and off",
        "Warped images are new images: the fewer there are, the more augmentation is worth. It takes patience: a "
        "network that sees every digit differently each time is slower to learn. Look at the curves, and try 15 "
        "epochs.",
        1.5,
        _base({"hidden": (256,)}, **_PATIENT, batch_size=32),
        _choice("augmentation", False, True),
        _SIZES,
    ),
    _classic(
        "all-at-once",
        "Six settings at once",
        "After eight random trials the sweep looks near the good ones, and trials that lag behind are pruned: they "
        "end early. Which of the six settings mattered? See Importance, and which of its bars may be chance.",
        2,
        _base(epochs=3),
        _range("train.learning_rate", 1e-3, 3),
        _range("train.batch_size", 16, 512),
        _range("width", 16, 512),
        _range("depth", 1, 4),
        _choice("model.activation", "relu", "gelu", "tanh", "sigmoid"),
        _range("model.dropout", 0, 0.5),
        sampler="tpe",
        pruner="median",
        num_trials=30,
    ),
)

CLASSICS: dict[str, Classic] = {classic.name: classic for classic in _ALL}


def get_classic(name: str) -> Classic:
    """Look up a classic experiment by name.

    Raises:
        ConfigError: there is none of this name; the message lists those there are.
    """
    if name not in CLASSICS:
        raise ConfigError(f"There is no experiment {name!r}. Choose one of: {', '.join(CLASSICS)}.")
    return CLASSICS[name]
