"""The drawing of a network: what stands below its columns."""

import re

import pytest

from mnistlab.config import ModelConfig
from ui.diagram import diagram


def words(config: ModelConfig) -> list[str]:
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", diagram(config, ()))
    return [word.replace("\N{MULTIPLICATION SIGN}", " x ") for word in drawn]


@pytest.mark.parametrize(("head", "seen"), [("mean", ["6", "mean"]), ("places", ["1176", "flattened"])])
def test_what_the_last_layer_of_a_convolutional_network_sees_is_named(head: str, seen: list[str]) -> None:
    config = ModelConfig.model_validate({"kind": "cnn", "channels": (4, 6), "pools": (1,), "head": head})
    assert words(config) == ["1", "28 x 28", "4", "14 x 14", "6", "14 x 14", *seen, "10", "digits"]
