"""A malformed file of Dask's own settings: told as a sentence where Dask is needed, and nowhere else."""

import json
from pathlib import Path

import pytest

from mnistlab.paths import PROJECT
from tests.programs import printed

_ASK = """
import json
from mnistlab import cores, engine, jobs, notice
from mnistlab.config import parse_config
from mnistlab.errors import ConfigError, EngineError
from mnistlab.store import Store

store = Store()
told = []
for ask in (cores.num_cores, lambda: jobs.start(parse_config({}), store)):
    try:
        ask()
    except (ConfigError, EngineError) as error:
        told.append(f"{type(error).__name__}: {error}")
print(json.dumps([*told, store.runs()[0].error]))
"""


def test_a_value_that_dask_does_not_understand_is_told_where_the_engine_is_needed(lab: Path, tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_text("distributed:\n  logging:\n    distributed: nonsense\n")
    _, kept = json.loads(printed(_ASK, DASK_CONFIG=str(tmp_path)))  # how many cores there are, Dask can tell
    assert "cannot read its settings: KeyError: 'NONSENSE'. Correct that file" in kept


@pytest.mark.parametrize(("content", "where"), [("a:\n  - b: [\n", "line 3, column 1"), ("- a\n", "got a list")])
def test_a_malformed_file_of_dask_s_settings_is_told_by_its_name(
    lab: Path, tmp_path: Path, content: str, where: str
) -> None:
    file = tmp_path / "dask" / "cluster.yaml"
    file.parent.mkdir()
    file.write_text(content)
    of_cores, of_start, kept = json.loads(printed(_ASK, DASK_CONFIG=str(file.parent)))
    assert of_cores.startswith("ConfigError: Dask, on which the engine is built, cannot read its settings: ")
    assert str(file) in of_cores
    assert where in of_cores
    assert of_cores.endswith("Correct that file, or move it away.")
    assert of_start == of_cores.replace("ConfigError", "EngineError")
    assert of_start == f"EngineError: {kept}"
    assert not (lab / "engine.log").exists()


def test_pages_warm_up_whatever_dask_s_settings_are(tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_text("- a\n")
    source = "from ui import resources; resources._share_the_processor(); print(resources.device_line())"
    assert "CPU" in printed(source, DASK_CONFIG=str(tmp_path), PYTHONPATH=str(PROJECT))
