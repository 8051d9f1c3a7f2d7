"""The reckoned number of parameters is that of the network as torch builds it."""

import pytest
import torch

from mnistlab.config import ModelConfig
from mnistlab.models import build_model, count_parameters
from mnistlab.parameters import num_parameters
from mnistlab.presets import PRESETS

OTHERS = {
    "none": ModelConfig(hidden=()),
    "three and batch norm": ModelConfig(hidden=(30, 20, 10), batch_norm=True, dropout=0.3, deslant=True),
    "cnn without batch norm": ModelConfig(kind="cnn", channels=(3, 5), pools=(2,), normalise=True),
    "cnn with places": ModelConfig(kind="cnn", channels=(4, 4, 8, 8), pools=(1, 2, 4), head="places", batch_norm=True),
}
MODELS = {**{name: preset.config.model for name, preset in PRESETS.items()}, **OTHERS}


@pytest.mark.parametrize("name", MODELS)
def test_the_number_is_that_of_the_network(name: str) -> None:
    with torch.device("meta"):
        assert num_parameters(MODELS[name]) == count_parameters(build_model(MODELS[name]))
