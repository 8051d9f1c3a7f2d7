"""ONNX files: what another runtime makes of them is what the lab makes of the same pictures."""

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import torch

from mnistlab.builtin import builtin_names
from mnistlab.checkpoint import pack_weights
from mnistlab.config import RunConfig
from mnistlab.data import Dataset
from mnistlab.errors import ExportError
from mnistlab.export.onnx import OPSET, to_onnx
from mnistlab.export.source import Source, find_source
from mnistlab.models import build_model
from mnistlab.predict import Predictor
from mnistlab.store import Store
from tests import tiny

NETWORKS = {
    "linear": tiny.config({"hidden": ()}),
    "relu, dropout": tiny.config({"hidden": (9, 7), "dropout": 0.4}),
    "sigmoid, batch norm": tiny.config({"activation": "sigmoid", "batch_norm": True, "normalise": True}),
    "tanh": tiny.config({"activation": "tanh"}),
    "gelu": tiny.config({"activation": "gelu"}),
    "deslant": tiny.config({"deslant": True, "normalise": True}),
    "cnn, deslant": tiny.config({"kind": "cnn", "channels": (3, 4), "deslant": True}),
    "none": tiny.config({"activation": "none"}),
    "cnn, mean": tiny.config({"kind": "cnn", "channels": (3, 4), "pools": (1,), "batch_norm": True, "dropout": 0.1}),
    "cnn, places": tiny.config({"kind": "cnn", "channels": (3, 4), "pools": (1, 2), "head": "places"}),
}


def of_network(config: RunConfig) -> Source:
    """A run with random weights and running statistics, as if it had been trained."""
    torch.manual_seed(0)
    model = build_model(config.model)
    model(torch.rand(20, 28, 28))  # so that batch norm has seen something
    store = Store()
    run_id = store.create(config, state="running")
    attempt = store.claim(run_id, "a worker")
    assert attempt is not None
    store.log(run_id, attempt, weights={"last": pack_weights(model, config)})
    return find_source(run_id, store)


def logits_of(content: bytes, pixels: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"pixels": pixels})
    return np.asarray(logits)


def _hard_to_deslant() -> npt.NDArray[np.float32]:
    """A line that leans by more than is made upright, either way, and one so faint that it is nearly nothing."""
    columns = np.arange(28)
    pictures = np.zeros((3, 28, 28), np.float32)
    pictures[0, 7 + columns // 2, columns] = pictures[1, 21 - columns // 2, columns] = 1
    pictures[2, columns, 3 + columns // 2] = 3e-4
    return pictures


_HARD_TO_DESLANT = _hard_to_deslant()


@pytest.mark.parametrize("config", NETWORKS.values(), ids=list(NETWORKS))
@torch.inference_mode()
def test_another_runtime_gives_the_same_logits(config: RunConfig, dataset: Dataset) -> None:
    source = of_network(config)
    noise = np.random.default_rng(0).random((7, 28, 28), dtype=np.float32)
    digits = dataset.test.images[:7].astype(np.float32) / 255
    pixels = np.concatenate([noise, digits, noise[:1] * 0, _HARD_TO_DESLANT])
    expected = source.model(torch.tensor(pixels)).numpy()
    np.testing.assert_allclose(logits_of(to_onnx(source), pixels), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", builtin_names())
def test_built_in_models_read_the_same_digits_elsewhere(name: str, dataset: object) -> None:
    source = find_source(name, Store())
    pixels = (dataset.test.images[:50] / 255).astype(np.float32)  # type: ignore[attr-defined]
    logits = logits_of(to_onnx(source), pixels)
    probabilities = Predictor(name, source.config, source.model).probabilities(pixels)
    assert (logits.argmax(1) == probabilities.argmax(1)).all()


@pytest.mark.parametrize("config", NETWORKS.values(), ids=list(NETWORKS))
def test_nothing_in_the_file_is_without_use(config: RunConfig) -> None:
    graph = onnx.load_from_string(to_onnx(of_network(config))).graph
    used = {name for node in graph.node for name in node.input}
    assert {constant.name for constant in graph.initializer} <= used


@pytest.mark.parametrize("config", NETWORKS.values(), ids=list(NETWORKS))
def test_file_passes_the_full_check_of_the_format(config: RunConfig) -> None:
    model = onnx.load_from_string(to_onnx(of_network(config)))
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    assert model.ir_version == 8


def test_batch_may_be_of_any_size() -> None:
    content = to_onnx(of_network(NETWORKS["cnn, mean"]))
    pixels = np.random.default_rng(0).random((33, 28, 28), dtype=np.float32)
    for size in (1, 2, 33):
        assert logits_of(content, pixels[:size]).shape == (size, 10)
    np.testing.assert_allclose(logits_of(content, pixels[:1]), logits_of(content, pixels)[:1], rtol=1e-4, atol=1e-6)


def test_config_and_origin_are_in_the_file() -> None:
    source = of_network(NETWORKS["tanh"])
    kept = {entry.key: entry.value for entry in onnx.load_from_string(to_onnx(source)).metadata_props}
    assert kept["run"] == source.name
    assert RunConfig.model_validate_json(kept["config"]) == source.config


def test_unknown_layer_is_refused_by_name() -> None:
    source = of_network(NETWORKS["tanh"])
    vars(source)["model"] = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Softplus())
    with pytest.raises(ExportError, match="Softplus has no ONNX form"):
        to_onnx(source)
