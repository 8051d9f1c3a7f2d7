"""Layers counted by hand, and source that builds the same network."""

import random

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mnistlab.config import ModelConfig
from mnistlab.layers import describe_layers, memory_bytes, source
from mnistlab.models import build_model, count_parameters
from mnistlab.presets import PRESETS
from tests.programs import printed

CONFIGS = [preset.config.model for preset in PRESETS.values()] + [
    ModelConfig(hidden=()),
    ModelConfig(hidden=(64,) * 5, activation="sigmoid", batch_norm=True, dropout=0.2, normalise=True),
    ModelConfig(hidden=(7,), activation="gelu"),
    ModelConfig(hidden=(7,), deslant=True),
    ModelConfig(hidden=(7,), activation="none"),
    ModelConfig(kind="cnn", channels=(4, 8), activation="tanh"),
]


def random_config(seed: int) -> ModelConfig:
    """Any network that the Model page can build, but narrow, so that many are built in a second."""
    draw = random.Random(seed)
    return ModelConfig(
        kind=draw.choice(["mlp", "cnn"]),
        hidden=[draw.randint(1, 40) for _ in range(draw.randint(0, 5))],
        channels=[draw.randint(1, 8) for _ in range(draw.randint(1, 6))],
        head=draw.choice(["mean", "places"]),
        activation=draw.choice(["relu", "sigmoid", "tanh", "gelu", "none"]),
        dropout=draw.choice([0, 0.1, 0.55]),
        batch_norm=draw.random() < 0.5,
        normalise=draw.random() < 0.5,
        deslant=draw.random() < 0.5,
    )


def built_from_source(config: ModelConfig) -> torch.nn.Module:
    namespace: dict[str, object] = {}
    exec(source(config), namespace)
    model = namespace["model"]
    assert isinstance(model, torch.nn.Module)
    return model.eval()


@pytest.mark.parametrize("seed", range(40))
def test_any_network_is_counted_as_torch_counts_it_and_rebuilt_from_its_source(seed: int) -> None:
    config = random_config(seed)
    layers, built, written = describe_layers(config), build_model(config).eval(), built_from_source(config)
    written.load_state_dict(built.state_dict())
    images = torch.rand(3, 28, 28, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(written(images), built(images))
    with FlopCounterMode(display=False) as counter:
        written(images[:1])
    assert sum(layer.num_multiply_adds for layer in layers) == counter.get_total_flops() // 2  # two flops each
    assert sum(layer.num_parameters for layer in layers) == sum(p.numel() for p in written.parameters())
    assert layers[-1].shape == (10,)


@pytest.mark.parametrize("config", CONFIGS)
def test_each_shape_is_that_of_the_layers_result(config: ModelConfig) -> None:
    features, shapes = torch.rand(2, 28, 28), []
    for module in build_model(config).eval():
        features = module(features)
        shapes.append(features.shape[1:])
    assert [layer.shape for layer in describe_layers(config)] == shapes


def test_describing_layers_leaves_torchs_compiler_unloaded() -> None:
    program = """
import sys
from mnistlab.config import ModelConfig
from mnistlab.layers import describe_layers
describe_layers(ModelConfig(deslant=True, batch_norm=True, dropout=0.1))
describe_layers(ModelConfig(kind="cnn", batch_norm=True))
print("torch._dynamo" in sys.modules, "sympy" in sys.modules)
"""
    assert printed(program).split() == ["False", "False"]


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
    written, built = built_from_source(config), build_model(config)
    written.load_state_dict(built.state_dict())
    images = torch.rand(3, 28, 28, generator=torch.Generator().manual_seed(0))
    assert torch.equal(written.eval()(images), built.eval()(images))


@pytest.mark.parametrize("config", [ModelConfig(), ModelConfig(kind="cnn", channels=(4,), head="places")])
def test_the_source_holds_nothing_that_the_network_does_not_use(config: ModelConfig) -> None:
    assert "class" not in source(config)
    assert "MNIST_MEAN" not in source(config)


def test_adam_needs_four_floats_for_each_parameter() -> None:
    assert memory_bytes(407_050) == (4 * 407_050, 16 * 407_050)
