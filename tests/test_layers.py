"""Layers counted by hand, source that builds the same network, and lines of widths that are refused."""

import pytest
import torch

from mnistlab.config import ModelConfig
from mnistlab.errors import ConfigError
from mnistlab.layers import describe_layers, memory_bytes, nearest_layers, parse_layers, source
from mnistlab.models import build_model, count_parameters
from mnistlab.presets import PRESETS

CONFIGS = [preset.config.model for preset in PRESETS.values()] + [
    ModelConfig(hidden=()),
    ModelConfig(hidden=(64,) * 5, activation="sigmoid", batch_norm=True, dropout=0.2, normalise=True),
    ModelConfig(hidden=(7,), activation="gelu"),
    ModelConfig(hidden=(7,), activation="none"),
    ModelConfig(kind="cnn", channels=(4, 8), activation="tanh"),
]


def test_the_tutorials_network_is_counted_as_by_hand() -> None:
    layers = describe_layers(ModelConfig(hidden=(512,)))
    linear = [layer for layer in layers if layer.name == "Linear"]
    assert [layer.shape for layer in layers] == [(784,), (512,), (512,), (10,)]
    assert [layer.num_parameters for layer in linear] == [784 * 512 + 512, 512 * 10 + 10]
    assert [layer.num_multiply_adds for layer in linear] == [784 * 512, 512 * 10]


def test_a_convolution_uses_each_weight_once_for_each_pixel() -> None:
    first = next(layer for layer in describe_layers(ModelConfig(kind="cnn", channels=(4, 8))) if "Conv" in layer.name)
    assert first.shape == (4, 28, 28)
    assert first.num_parameters == 4 * 9 + 4
    assert first.num_multiply_adds == 4 * 9 * 28 * 28


@pytest.mark.parametrize("config", CONFIGS)
def test_parameters_agree_with_the_network_itself(config: ModelConfig) -> None:
    described = sum(layer.num_parameters for layer in describe_layers(config))
    assert described == count_parameters(build_model(config))


@pytest.mark.parametrize("config", CONFIGS)
def test_the_source_builds_the_same_network(config: ModelConfig) -> None:
    namespace: dict[str, object] = {}
    exec(source(config), namespace)
    written, built = namespace["model"], build_model(config)
    assert isinstance(written, torch.nn.Module)
    written.load_state_dict(built.state_dict())
    images = torch.rand(3, 28, 28, generator=torch.Generator().manual_seed(0))
    assert torch.equal(written.eval()(images), built.eval()(images))


def test_adam_needs_four_floats_for_each_parameter() -> None:
    assert memory_bytes(407_050) == (4 * 407_050, 16 * 407_050)


@pytest.mark.parametrize(
    ("line", "widths"), [("784 - 512 - 10", (512,)), ("512-120-84", (512, 120, 84)), ("784 10", ())]
)
def test_a_line_gives_the_hidden_widths(line: str, widths: tuple[int, ...]) -> None:
    assert parse_layers(line, "mlp") == widths


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("784 - 0 - 10", "0"),
        ("3000", "3000"),
        ("1-2-3-4-5-6", "6 were"),
        ("many", "many"),
        ("", "No widths"),
        (" - ", "No widths"),
    ],
)
def test_a_line_that_is_not_allowed_is_told_and_has_a_nearest(line: str, given: str) -> None:
    with pytest.raises(ConfigError, match=given):
        parse_layers(line, "mlp")
    assert ModelConfig(hidden=nearest_layers(line, "mlp"))
