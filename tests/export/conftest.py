"""Finished runs to export: trained on 600 images, in a store of their own."""

from collections.abc import Callable

import pytest

from mnistlab import data, execution
from mnistlab.config import RunConfig
from mnistlab.data import Dataset
from mnistlab.export.source import Source, find_source
from mnistlab.store import Store
from tests import tiny

Train = Callable[[RunConfig], Source]


@pytest.fixture(autouse=True)
def _tiny_mnist(monkeypatch: pytest.MonkeyPatch, tiny_dataset: Dataset) -> None:
    monkeypatch.setattr(execution, "load_dataset", lambda name: tiny_dataset)
    monkeypatch.setattr(data, "load_dataset", lambda name: tiny_dataset)


@pytest.fixture
def train(store: Store) -> Train:
    """Train a config as a run and find it again as a source."""

    def run(config: RunConfig) -> Source:
        run_id = store.create(config)
        execution.execute(store, run_id)
        return find_source(run_id, store)

    return run


@pytest.fixture
def source(train: Train) -> Source:
    """A small run of two epochs."""
    return train(tiny.config({"dropout": 0.2}))
