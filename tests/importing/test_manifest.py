"""The JSON of an exported run: a manifest that lies and a text that is none are refused."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mnistlab import execution
from mnistlab.data import Dataset
from mnistlab.export.archive import to_archive
from mnistlab.export.source import find_source
from mnistlab.importing import import_run
from mnistlab.store import Store
from tests import tiny
from tests.importing.conftest import Files, forged, packed, refuse, retold


def test_newer_version_is_told(files: Files, store: Store) -> None:
    newer = retold(files, lambda manifest: manifest.update(format=2, mnistlab="9.0", shiny="new"))
    refuse(newer, store, r"newer mnistlab \('9\.0', format 2; this one reads format 1\)\. Update mnistlab")


_RETOLD: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "unknown key": (lambda m: m.update(extra=1), "extra"),
    "unknown key of the run": (lambda m: m["run"].update(state="running"), "state"),
    "no format": (lambda m: m.pop("format"), "format"),
    "format is text": (lambda m: m.update(format="x"), "format"),
    "id": (lambda m: m["run"].update(id="../../x"), "id"),
    "accuracy above one": (lambda m: m["run"]["result"].update(test_accuracy=1.5), "test_accuracy"),
    "accuracy of another run": (lambda m: m["run"]["result"].update(test_accuracy=0.999), "do not add up"),
    "negative seconds": (lambda m: m["run"].update(seconds=-1), "seconds"),
    "text for a number": (lambda m: m["run"].update(step="10"), "step"),
    "other steps": (lambda m: m["run"].update(step=20), "do not add up to the 20 steps"),
    "parameters": (lambda m: m["run"]["result"].update(num_parameters=5), "says 5 parameters; the network has 6,370"),
    "other digits": (lambda m: m["run"]["result"]["per_digit"].reverse(), "right for digits other"),
    "nine digits": (lambda m: m["run"]["result"]["per_digit"].pop(), "do not add up"),
    "more right than there are": (lambda m: m["run"]["result"]["per_digit"].insert(0, [9, 1]), "per_digit"),
    "unordered": (lambda m: m["run"].update(rate_changes=[[7, 0.1], [3, 0.2]]), "rate_changes.*the earliest first"),
    "no epochs planned": (lambda m: m["run"].update(planned_epochs=0), "planned_epochs"),
    "long value": (
        lambda m: m["run"].update(seconds="9" * 5000),
        "run.seconds: '999.*was given; allowed: a valid number",
    ),
    "long name": (lambda m: m["run"].update(name="a" * 81), "name"),
    "escape sequence": (lambda m: m["run"].update(note="\x1b[2J"), "cannot be printed"),
    "two lines": (lambda m: m["run"].update(name="good\nabcd2345 * another"), "line breaks"),
    "zero byte": (lambda m: m["run"].update(name="a\0b"), "cannot be printed"),
    "another file": (lambda m: m["files"].update({"../x": m["files"]["config.json"]}), r"lists '\.\./x'"),
    "a file less": (lambda m: m["files"].pop("config.json"), "hold different files: config.json"),
    "another checksum": (lambda m: m["files"]["config.json"].update(sha256="0" * 64), "changed or damaged"),
    "not an object": (lambda m: m.clear(), "format"),
}


@pytest.mark.parametrize("kind", list(_RETOLD))
def test_manifest_that_lies_is_refused(files: Files, store: Store, kind: str) -> None:
    change, reason = _RETOLD[kind]
    refuse(retold(files, change), store, reason)


def test_run_whose_losses_are_as_large_as_floats_of_32_bits_comes_in(files: Files, store: Store) -> None:
    """A run of giant steps may end before its loss is no longer a number."""
    largest = float(np.finfo(np.float32).max)
    told = retold(files, lambda manifest: manifest["run"]["result"].update(test_loss=largest))
    assert (store.run(import_run(told, store)).result or {})["test_loss"] == largest


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_number_that_is_none_is_refused(files: Files, store: Store, number: str) -> None:
    untouched = dict(files)
    files["manifest.json"] = files["manifest.json"].replace(b'"seconds": ', f'"seconds": {number}, "x": '.encode())
    refuse(packed(files), store, r"manifest\.json")
    epochs = files["epochs.json"].replace(b'"seconds": ', f'"seconds": {number}, "x": '.encode())
    refuse(forged(untouched, epochs_json=epochs), store, r"epochs\.json")


@pytest.mark.parametrize("name", ["manifest.json", "config.json", "epochs.json", "reports.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"null", b'"\xff"', b"[1e999]", b"\x80\x04K\x01."])
def test_json_that_is_none_is_refused(files: Files, store: Store, name: str, content: bytes) -> None:
    if name == "manifest.json":
        refuse(packed({**files, name: content}), store, name)
    else:
        refuse(forged(files, **{name.replace(".", "_"): content}), store, name)


def test_setting_that_is_unknown_or_out_of_bounds_is_refused(files: Files, store: Store) -> None:
    for change in ({"train": {"epochs": 10**9}}, {"secret": 1}, {"model": {"hidden": [10**9]}}, {"preset": "\x1b[2J"}):
        config = json.loads(files["config.json"]) | change
        refuse(forged(files, config_json=json.dumps(config).encode()), store, r"config")


@pytest.mark.parametrize("preset", ["bell\x07", "two\nlines", "`code`", "<b>bold", "a | b", "[link]"])
def test_a_preset_named_so_that_it_would_be_shown_as_something_else_is_refused(
    files: Files, store: Store, preset: str
) -> None:
    config = json.loads(files["config.json"]) | {"preset": preset}
    refuse(forged(files, config_json=json.dumps(config).encode()), store, "preset has a name that no preset can have")


def test_a_preset_that_a_notebook_has_named_comes_in_again(store: Store, tiny_dataset: Dataset) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "load_dataset", lambda name: tiny_dataset)
        run_id = store.create(tiny.config().model_copy(update={"preset": "My net, deeper 2.0"}))
        execution.execute(store, run_id)
    again = store.run(import_run(to_archive(find_source(run_id, store)), store))
    assert again.config.preset == "My net, deeper 2.0"
