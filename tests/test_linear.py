"""Our linear layer is torch's, whichever library computes it."""

import pytest
import torch
from torch import nn

from mnistlab import linear
from mnistlab.linear import Linear


@pytest.fixture
def with_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute by oneDNN wherever torch has it, also on a processor on which MKL would be chosen."""
    monkeypatch.setattr(linear, "_HAS_ONEDNN", linear._HAS_OPERATOR)


@pytest.mark.usefixtures("with_onednn")
@pytest.mark.parametrize("num_images", [1, 20, 128])
@pytest.mark.parametrize("needs_gradient", [True, False])
def test_answers_and_gradients_equal_torchs(num_images: int, needs_gradient: bool) -> None:
    torch.manual_seed(0)
    ours, theirs = Linear(784, 512), nn.Linear(784, 512)
    theirs.load_state_dict(ours.state_dict())
    features = torch.rand(num_images, 784)
    inputs = [features.clone().requires_grad_(needs_gradient) for _ in range(2)]
    answers = [layer(given) for layer, given in zip((ours, theirs), inputs, strict=True)]
    for answer in answers:
        answer.square().sum().backward()
    torch.testing.assert_close(*answers)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(ours.bias.grad, theirs.bias.grad, rtol=1e-4, atol=1e-3)
    if needs_gradient:
        torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-4, atol=1e-3)


@pytest.mark.usefixtures("with_onednn")
def test_without_onednn_torchs_own_product_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    layer, features = Linear(784, 512), torch.rand(20, 784)
    with_onednn = layer(features)
    monkeypatch.setattr(linear, "_HAS_ONEDNN", False)
    torch.testing.assert_close(layer(features), with_onednn)


def test_it_starts_from_the_weights_that_torchs_layer_starts_from() -> None:
    torch.manual_seed(0)
    ours = Linear(784, 512)
    torch.manual_seed(0)
    assert torch.equal(ours.weight, nn.Linear(784, 512).weight)


def test_it_computes_on_the_meta_device() -> None:
    assert Linear(784, 512, device="meta")(torch.empty(20, 784, device="meta")).shape == (20, 512)
