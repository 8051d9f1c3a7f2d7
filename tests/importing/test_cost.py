"""What comes in costs no more than it is worth, in memory and in the database's time, and is no markup."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from safetensors.numpy import load, save
from torch import nn

from mnistlab.checkpoint import read_header
from mnistlab.config import ModelConfig
from mnistlab.importing import import_run
from mnistlab.models import build_model
from mnistlab.store import Store
from tests import tiny
from tests.importing.conftest import Files, forged
from tests.importing.test_importing import refuse


def test_config_that_asks_for_the_largest_network_costs_no_memory(
    files: Files, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = set()

    def build(config: ModelConfig) -> nn.Module:
        model = build_model(config)
        devices.update(parameter.device.type for parameter in model.parameters())
        return model

    monkeypatch.setattr("mnistlab.models.build_model", build)
    config = tiny.config({"hidden": (2048,) * 5}).model_dump_json()
    weights = save(load(files["weights.safetensors"]), read_header(files["weights.safetensors"]) | {"config": config})
    refuse(
        forged(files, config_json=config.encode(), weights_safetensors=weights), store, "do not fit a network 784-2048"
    )
    assert devices == {"meta"}


def test_many_reports_are_kept_in_as_few_statements_as_one(files: Files, store: Store) -> None:
    last = json.loads(files["reports.json"])[-1]

    def statements(steps: range) -> int:
        counted: list[str] = []

        def count(*told: Any) -> None:
            counted.append(told[2])

        content = forged(files, reports_json=json.dumps([last | {"step": step} for step in steps]).encode())
        sa.event.listen(store._engine, "before_cursor_execute", count)
        run_id = import_run(content, store)
        sa.event.remove(store._engine, "before_cursor_execute", count)
        assert len(store.curve(run_id).report_steps) == len(steps)
        return len(counted)

    assert statements(range(1, 11)) == statements(range(10, 11))


def test_preset_whose_name_is_markup_is_refused(files: Files, store: Store) -> None:
    config = json.loads(files["config.json"]) | {"preset": "![](http://evil.example/x.png)"}
    refuse(forged(files, config_json=json.dumps(config).encode()), store, "a name that no preset can have")
