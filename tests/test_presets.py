"""The named runs: the tutorial's own must be exactly the tutorial's."""

from typing import Any

import pytest

from mnistlab.config import RunConfig, parse_config
from mnistlab.errors import ConfigError
from mnistlab.models import build_model, count_parameters
from mnistlab.presets import PRESETS, changes, get_preset

TUTORIALS = ["tutorial-mlp", "tutorial-augmented", "tutorial-deep", "tutorial-keras"]


@pytest.mark.parametrize("name", TUTORIALS)
def test_tutorial_learns_from_all_60000_in_file_order(name: str) -> None:
    train = get_preset(name).config.train
    assert (train.batch_size, train.epochs, train.shuffle, train.validation_size) == (20, 10, False, 0)
    assert (train.weight_decay, train.label_smoothing, train.schedule) == (0, 0, "constant")


@pytest.mark.parametrize("name", TUTORIALS)
def test_tutorial_feeds_plain_pixels_to_relu_layers(name: str) -> None:
    config = get_preset(name).config
    assert config.dataset == "mnist"
    assert (config.model.kind, config.model.activation) == ("mlp", "relu")
    assert not config.model.normalise
    assert not config.model.batch_norm


def test_tutorial_mlp_is_784_512_10_with_plain_sgd() -> None:
    config = get_preset("tutorial-mlp").config
    assert config.model.shape == "784-512-10"
    assert config.model.dropout == 0
    assert (config.train.optimizer, config.train.learning_rate, config.train.momentum) == ("sgd", 0.1, 0)
    assert not config.augment.is_active


def test_tutorial_mlp_has_407050_parameters() -> None:
    model = build_model(get_preset("tutorial-mlp").config.model)
    assert count_parameters(model) == 784 * 512 + 512 + 512 * 10 + 10 == 407_050


@pytest.mark.parametrize("name", ["tutorial-augmented", "tutorial-deep"])
def test_tutorial_turns_twice_shifts_scales_and_doubles(name: str) -> None:
    augment = get_preset(name).config.augment
    assert (augment.rotation, augment.affine_rotation) == (25, 45)
    assert (augment.shift, augment.scale_min, augment.scale_max) == (0.1, 0.8, 1.2)
    assert (augment.interpolation, augment.use) == ("nearest", "double")  # torchvision's random warps take the nearest
    assert (augment.shear, augment.elastic, augment.noise, augment.erasing) == (0, 0, 0, 0)


def test_tutorial_augmented_differs_from_the_plain_one_by_its_images_only() -> None:
    plain, augmented = get_preset("tutorial-mlp").config, get_preset("tutorial-augmented").config
    assert (augmented.model, augmented.train) == (plain.model, plain.train)


def test_tutorial_deep_has_three_layers_with_dropout_and_adam() -> None:
    config = get_preset("tutorial-deep").config
    assert config.model.shape == "784-512-120-84-10"
    assert config.model.dropout == 0.3
    assert (config.train.optimizer, config.train.learning_rate) == ("adam", 1e-3)


def test_tutorial_keras_is_784_128_10_augmented_once() -> None:
    config = get_preset("tutorial-keras").config
    assert config.model.shape == "784-128-10"
    assert config.model.dropout == 0.2
    assert (config.train.optimizer, config.train.learning_rate) == ("adam", 1e-3)
    assert config.augment.is_active
    assert config.augment.use == "once"


@pytest.mark.parametrize("name", PRESETS)
def test_preset_is_found_by_the_name_in_its_config(name: str) -> None:
    assert get_preset(name).name == get_preset(name).config.preset == name


def test_presets_are_told_apart() -> None:
    for texts in zip(*((preset.title, preset.about) for preset in PRESETS.values()), strict=True):
        assert len(set(texts)) == len(PRESETS)
        assert all(texts)


def test_unknown_preset_lists_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'tutorial'.*tutorial-mlp.*small-cnn"):
        get_preset("tutorial")


def changed(**parts: dict[str, Any]) -> RunConfig:
    values = get_preset("tutorial-mlp").config.model_dump()
    for part, settings in parts.items():
        values[part] |= settings
    return parse_config(values)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_differs_from_itself_by_nothing(name: str) -> None:
    assert changes(get_preset(name).config) == []


def test_a_config_tells_how_it_differs_from_its_preset() -> None:
    assert changes(changed(model={"hidden": (64, 32)}, train={"learning_rate": 0.3}, augment={"shear": 5})) == [
        "hidden 64-32 (preset: 512)",
        "learning rate 0.3 (preset: 0.1)",
        "shear 5 (preset: 0)",
        "interpolation bilinear (preset: not used)",
        "augmentation use replace (preset: not used)",
    ]


def test_a_network_without_hidden_layers_is_told_as_such() -> None:
    assert changes(changed(model={"hidden": ()})) == ["hidden none (preset: 512)"]


def test_a_config_of_no_preset_has_nothing_to_differ_from() -> None:
    assert changes(RunConfig(preset="my own")) == []
