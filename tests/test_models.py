"""Networks: shapes, sizes, and the same answers as one that is written down layer by layer."""

import itertools
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from mnistlab.config import Activation, ModelConfig
from mnistlab.models import Deslant, build_model, count_parameters

SHAPES: list[dict[str, Any]] = [
    {"hidden": ()},
    {"hidden": (16,)},
    {"hidden": (32, 16, 8)},
    {"hidden": (16,), "batch_norm": True, "normalise": True, "dropout": 0.2, "activation": "gelu"},
    {"hidden": (16,), "deslant": True, "normalise": True},
    {"kind": "cnn", "channels": (4,)},
    {"kind": "cnn", "channels": (4,), "deslant": True},
    {"kind": "cnn", "channels": (4, 4, 8, 8, 16, 16), "batch_norm": True, "normalise": True, "dropout": 0.2},
]
TORCHS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "none": nn.Identity,
}


def pixels(num_images: int = 6) -> torch.Tensor:
    return torch.rand(num_images, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pixels_become_ten_logits(shape: dict[str, Any]) -> None:
    logits = build_model(ModelConfig(**shape))(pixels())
    assert logits.shape == (6, 10)
    assert logits.dtype == torch.float32


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_flat_pixels_are_read_as_square_ones(shape: dict[str, Any]) -> None:
    model = build_model(ModelConfig(**shape)).eval()
    torch.testing.assert_close(model(pixels().flatten(1)), model(pixels()))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_eval_mode_answers_each_image_for_itself(shape: dict[str, Any]) -> None:
    """Neither dropout nor the other images of a batch have a say when a network is tested."""
    model = build_model(ModelConfig(**shape)).eval()
    together = model(pixels())
    torch.testing.assert_close(model(pixels()), together, rtol=0, atol=0)
    torch.testing.assert_close(torch.cat([model(image[None]) for image in pixels()]), together)


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_dropout_is_at_work_in_training(kind: Any) -> None:
    model = build_model(ModelConfig(kind=kind, hidden=(64,), channels=(32,), dropout=0.5)).train()
    assert not torch.equal(model(pixels()), model(pixels()))


def test_without_dropout_training_mode_answers_as_eval_mode_does() -> None:
    model = build_model(ModelConfig(hidden=(16,)))
    assert torch.equal(model.train()(pixels()), model.eval()(pixels()))


@pytest.mark.parametrize("hidden", [(), (16,), (512, 120, 84)])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_mlp_has_as_many_parameters_as_its_widths_say(hidden: tuple[int, ...], batch_norm: bool) -> None:
    widths = (784, *hidden, 10)
    expected = sum(inputs * outputs + outputs for inputs, outputs in itertools.pairwise(widths))
    expected += 2 * sum(hidden) if batch_norm else 0
    assert count_parameters(build_model(ModelConfig(hidden=hidden, batch_norm=batch_norm))) == expected


@pytest.mark.parametrize("channels", [(4,), (4, 8, 8, 16)])
def test_cnn_has_as_many_parameters_as_its_channels_say(channels: tuple[int, ...]) -> None:
    through = list(zip((1, *channels), channels, strict=False))
    plain = build_model(ModelConfig(kind="cnn", channels=channels))
    normed = build_model(ModelConfig(kind="cnn", channels=channels, batch_norm=True))
    last = channels[-1] * 10 + 10
    assert count_parameters(plain) == sum(9 * inputs * outputs + outputs for inputs, outputs in through) + last
    assert count_parameters(normed) == sum(9 * inputs * outputs + 2 * outputs for inputs, outputs in through) + last


def test_frozen_parameters_are_not_counted() -> None:
    model = build_model(ModelConfig(hidden=()))
    model[1].bias.requires_grad = False
    assert count_parameters(model) == 7840


@pytest.mark.parametrize("activation", TORCHS)
def test_mlp_equals_one_written_down_layer_by_layer(activation: Activation) -> None:
    ours = build_model(ModelConfig(hidden=(20, 15), activation=activation, dropout=0.4, normalise=True)).eval()
    theirs = nn.Sequential(
        nn.Linear(784, 20), TORCHS[activation](), nn.Linear(20, 15), TORCHS[activation](), nn.Linear(15, 10)
    )
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    torch.testing.assert_close(ours(pixels()), theirs((pixels().flatten(1) - 0.1307) / 0.3081))


def test_cnn_equals_one_written_down_layer_by_layer() -> None:
    ours = build_model(ModelConfig(kind="cnn", channels=(4, 6, 8, 10, 12), batch_norm=True, dropout=0.4)).eval()
    theirs = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU()),
        *(nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 10, 3, padding=1, bias=False), nn.BatchNorm2d(10), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(10, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 10)),
    ).eval()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    torch.testing.assert_close(ours(pixels()), theirs(pixels().unsqueeze(1)))


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_normalising_is_the_first_layer(kind: Any) -> None:
    plain = build_model(ModelConfig(kind=kind, hidden=(8,), channels=(4,)))
    normalised = build_model(ModelConfig(kind=kind, hidden=(8,), channels=(4,), normalise=True))
    normalised.load_state_dict(dict(zip(normalised.state_dict(), plain.state_dict().values(), strict=True)))
    torch.testing.assert_close(normalised(pixels()), plain((pixels() - 0.1307) / 0.3081))


def test_deslanted_strokes_stand_upright_and_stay_where_they_are() -> None:
    leaning = torch.zeros(2, 28, 28)
    for row in range(4, 24):
        leaning[0, row, 8 + row // 2 : 11 + row // 2] = 1  # down to the right: half a column a row
        leaning[1, row, 16 - row // 2 : 19 - row // 2] = 0.5
    upright = Deslant()(leaning)
    for before, after in zip(leaning, upright, strict=True):
        assert after.sum().item() == pytest.approx(before.sum().item(), rel=1e-4)  # no ink is lost
        columns = after.sum(0)
        assert columns.topk(4).values.sum() > 0.95 * columns.sum()  # a stroke of three columns, in four at most
        places = torch.arange(28.0)
        for axis in (0, 1):
            centres = [float(picture.sum(axis) @ places / picture.sum()) for picture in (before, after)]
            assert centres[0] == pytest.approx(centres[1], abs=0.02)


def test_deslanting_leaves_alone_what_stands_upright_lies_flat_or_is_empty() -> None:
    pictures = torch.zeros(4, 28, 28)
    pictures[0, 4:24, 12:15] = 1
    pictures[1, 13, 4:24] = 1
    pictures[2, 4:24, 4:24] = 0.7
    torch.testing.assert_close(Deslant()(pictures), pictures, atol=1e-4, rtol=0)


def test_deslanting_shears_by_45_degrees_at_most() -> None:
    """What leans more, as a dash that falls, would be torn apart."""
    picture, places = torch.zeros(1, 28, 28), torch.arange(28.0)
    for row in range(8):
        picture[0, 10 + row, 6 + 2 * row : 9 + 2 * row] = 1  # two columns a row
    rows = Deslant()(picture)[0, 10:18]
    torch.testing.assert_close((rows @ places / rows.sum(1)).diff(), torch.ones(7))


def test_batch_norm_evens_out_each_hidden_neuron() -> None:
    model = build_model(ModelConfig(hidden=(16,), batch_norm=True)).train()
    normed = model[:3](pixels(200) * 50 + 3)
    torch.testing.assert_close(normed.mean(0), torch.zeros(16), atol=1e-4, rtol=0)
    torch.testing.assert_close(normed.var(0, unbiased=False), torch.ones(16), atol=1e-2, rtol=0)


def test_initial_weights_come_from_the_global_seed() -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return next(build_model(ModelConfig(hidden=(8,))).parameters()).detach()

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward_pass_stays_on_its_device(shape: dict[str, Any]) -> None:
    """FakeTensorMode raises where a tensor of the CPU meets one of another device; no GPU is needed."""
    with FakeTensorMode():
        with torch.device("cuda"):
            model = build_model(ModelConfig(**shape))
        assert model(torch.empty(6, 28, 28, device="cuda")).device.type == "cuda"
