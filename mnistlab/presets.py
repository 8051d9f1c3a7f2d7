"""Named runs: the tutorial's own four, and the ones that made the built-in models."""

from dataclasses import dataclass

from mnistlab.config import AugmentConfig, ModelConfig, RunConfig, TrainConfig
from mnistlab.differences import NOT_USED, Difference, differences
from mnistlab.errors import ConfigError
from mnistlab.recipes import BEST_CNN, BEST_MLP, FAST_CNN, FAST_MLP, PEN_CNN


@dataclass(frozen=True)
class Preset:
    """A named run with a title for a button and one sentence on what it shows."""

    title: str
    about: str
    config: RunConfig

    @property
    def name(self) -> str:
        """The name used on the command line, in the store and in URLs."""
        return self.config.preset


# The tutorial turns each image by up to 25 degrees, then again by up to 45 together with shift and scale.
_TUTORIAL_AUGMENT = AugmentConfig(
    rotation=25,
    affine_rotation=45,
    shift=0.1,
    scale_min=0.8,
    scale_max=1.2,
    interpolation="nearest",
    use="double",
)
_TUTORIAL_TRAIN = TrainConfig(
    optimizer="sgd", learning_rate=0.1, batch_size=20, epochs=10, shuffle=False, validation_size=0
)
_TUTORIAL_ADAM = TrainConfig(
    optimizer="adam", learning_rate=1e-3, batch_size=20, epochs=10, shuffle=False, validation_size=0
)

_ALL = (
    Preset(
        "Tutorial",
        "One hidden layer of 512 neurons, plain gradient descent: where every course begins.",
        RunConfig(preset="tutorial-mlp", model=ModelConfig(hidden=(512,)), train=_TUTORIAL_TRAIN),
    ),
    Preset(
        "Tutorial, augmented",
        "The same network sees every digit twice per epoch: turned, shifted and scaled afresh, then as it is.",
        RunConfig(
            preset="tutorial-augmented",
            model=ModelConfig(hidden=(512,)),
            train=_TUTORIAL_TRAIN,
            augment=_TUTORIAL_AUGMENT,
        ),
    ),
    Preset(
        "Tutorial, deeper",
        "Three hidden layers with dropout, trained by Adam on augmented digits.",
        RunConfig(
            preset="tutorial-deep",
            model=ModelConfig(hidden=(512, 120, 84), dropout=0.3),
            train=_TUTORIAL_ADAM,
            augment=_TUTORIAL_AUGMENT,
        ),
    ),
    Preset(
        "Tutorial, Keras variant",
        "A smaller network with dropout; one augmented copy of each digit is made before training and appended.",
        RunConfig(
            preset="tutorial-keras",
            model=ModelConfig(hidden=(128,), dropout=0.2),
            train=_TUTORIAL_ADAM,
            augment=AugmentConfig(rotation=15, shift=0.1, scale_min=0.9, scale_max=1.1, use="once"),
        ),
    ),
    Preset(
        "Quick",
        "The tutorial's network with shuffling, bigger batches and Adam: over 97 % in a few seconds.",
        RunConfig(
            preset="quick-mlp",
            model=ModelConfig(hidden=(512,)),
            train=TrainConfig(optimizer="adam", learning_rate=2e-3, batch_size=128, epochs=3, schedule="one-cycle"),
        ),
    ),
    Preset(
        "Convolutional",
        "A small convolutional network, trained on digits that are mildly warped.",
        RunConfig(
            preset="small-cnn",
            model=ModelConfig(
                kind="cnn", channels=(16, 16, 32, 32, 64, 64), batch_norm=True, dropout=0.1, normalise=True
            ),
            train=TrainConfig(
                optimizer="adamw",
                learning_rate=6e-3,
                weight_decay=0.02,
                batch_size=128,
                epochs=10,
                schedule="one-cycle",
            ),
            augment=AugmentConfig(rotation=15, shift=0.1, scale_min=0.8, scale_max=1.15),
        ),
    ),
    Preset(
        "Fast",
        "The tutorial's own network with batch norm, mild warps and a learning rate that rises and falls.",
        FAST_MLP,
    ),
    Preset("Fast convolutional", "Three small convolutions and a single pass over the data.", FAST_CNN),
    Preset(
        "Best without convolutions",
        "Two wide layers that see each digit set upright and warped a hundred ways: about 13 minutes on two cores.",
        BEST_MLP,
    ),
    Preset(
        "Best convolutional",
        "Five convolutions that learn from digits as other hands and pens would make them.",
        BEST_CNN,
    ),
    Preset(
        "Convolutional, for your pen",
        "Wider, and it sees one digit in twenty struck through, as some write their 0 and 7: it reads what you draw.",
        PEN_CNN,
    ),
)

# Test accuracy after 10 epochs. Source: the tutorial's own code, run once on the machine of README's table.
TUTORIAL_ACCURACY = {"tutorial-mlp": 0.9790, "tutorial-augmented": 0.9871}

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}


def get_preset(name: str) -> Preset:
    """Look up a preset by name.

    Raises:
        ConfigError: no preset has this name; the message lists those there are.
    """
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name!r}. Choose one of: {', '.join(PRESETS)}.")
    return PRESETS[name]


def changed_from_preset(config: RunConfig) -> list[Difference]:
    """The settings in which a config differs from the preset it names, without those that have no effect in it."""
    if config.preset not in PRESETS:
        return []
    return [one for one in differences(PRESETS[config.preset].config, config) if one.now != NOT_USED]


def changes(config: RunConfig) -> list[str]:
    """How a config differs from the preset it names, one line per setting: "learning rate 0.3 (preset: 0.1)"."""
    return [f"{one.name} {one.now} (preset: {one.before})" for one in changed_from_preset(config)]
