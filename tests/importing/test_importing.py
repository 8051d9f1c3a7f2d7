"""Runs that come in: as they went out, and only if every part of them fits every other."""

import json
import math
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from mnistlab import execution, steering
from mnistlab.builtin import builtin_names
from mnistlab.checkpoint import read_header
from mnistlab.data import Dataset
from mnistlab.errors import ConfigError, ExportError
from mnistlab.export import archive, export
from mnistlab.export.archive import to_archive
from mnistlab.export.source import Source, find_source
from mnistlab.importing import import_run
from mnistlab.predict import load_predictor
from mnistlab.store import Store
from tests import tiny
from tests.importing.conftest import Files, forged, refuse, unpacked
from tests.tiny import same_weights
from ui.run_table.rows import state_of


def test_imported_run_is_an_ordinary_finished_run_with_its_curve(source: Source, exported: bytes, store: Store) -> None:
    run_id = import_run(exported, store, owner="somebody")
    run = store.run(run_id)
    assert run.id != source.name
    assert (run.state, run.owner, run.config) == ("finished", "somebody", source.config)
    assert (run.step, run.num_steps, run.epoch, run.seconds) == (10, 10, 2.0, source.seconds)
    assert json.dumps(run.result) == json.dumps(source.result)
    assert store.epochs(run_id) == source.epochs
    ours, theirs = store.curve(run_id), source.curve
    for name in ("steps", "losses", "report_steps", "accuracies", "learning_rates"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert ours.probes == theirs.probes
    assert store.weights(run_id) == source.weights
    assert store.weights(run_id, "answers") == source.answers
    assert run.note == f"Imported; its id was {source.name}."


def test_imported_run_is_called_so_in_lists_and_one_that_was_trained_here_is_not(exported: bytes, store: Store) -> None:
    imported = store.run(import_run(exported, store))
    trained = replace(imported, attempt=1)
    assert (imported.shown_state, trained.shown_state) == ("imported", "finished")
    assert (state_of(imported), state_of(trained)) == ("imported", "finished")


def test_imported_network_reads_as_the_exported_one(source: Source, exported: bytes, store: Store) -> None:
    run_id = import_run(exported, store)
    assert same_weights(load_predictor(run_id, store).model.state_dict(), source.model.state_dict())


def test_imported_run_can_be_exported_again_to_the_same_files(exported: bytes, store: Store) -> None:
    again = unpacked(to_archive(find_source(import_run(exported, store), store)))
    first = unpacked(exported)
    for name in ("losses.safetensors", "weights.safetensors", "answers.safetensors"):
        assert again[name] == first[name]
    for name in ("config.json", "epochs.json", "reports.json"):
        assert json.loads(again[name]) == json.loads(first[name])


def test_same_zip_comes_in_twice_as_two_runs(exported: bytes, store: Store) -> None:
    assert import_run(exported, store) != import_run(exported, store)


@pytest.mark.parametrize("name", builtin_names())
def test_built_in_model_comes_in_as_a_run(name: str, store: Store) -> None:
    run = store.run(import_run(export(name, "archive", store).content, store))
    assert run.result is not None
    assert run.config.preset == name
    assert find_source(run.id, store).weights == find_source(name, store).weights


def test_imported_run_cannot_go_on_and_says_why(exported: bytes, store: Store) -> None:
    with pytest.raises(ConfigError, match="was imported, without its optimizer's memory"):
        steering.extend(import_run(exported, store), 1, store)


def test_copy_of_a_run_that_was_given_more_epochs_knows_it(source: Source, store: Store) -> None:
    for planned in (None, 1):
        copy = store.run(import_run(to_archive(replace(source, planned_epochs=planned)), store))
        assert copy.planned_epochs == planned


def test_only_a_finished_run_can_be_exported_whole(source: Source) -> None:
    with pytest.raises(ExportError, match="is stopped, and a zip needs a finished one"):
        to_archive(replace(source, state="stopped"))


def test_weights_of_another_config_are_refused(files: Files, store: Store) -> None:
    config = json.loads(files["config.json"])
    config["train"]["seed"] = 5
    refuse(forged(files, config_json=json.dumps(config).encode()), store, "made with other settings")


def weights(files: Files, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The weights with some of their tensors changed and the same header."""
    tensors = load(files["weights.safetensors"])
    tensors = {name: value.copy() for name, value in tensors.items()}
    change(tensors)
    return save(tensors, read_header(files["weights.safetensors"]))


_WEIGHTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "not a number": (lambda t: t["1.weight"].__setitem__((0, 0), math.nan), "infinite or not a number"),
    "infinite": (lambda t: t["1.bias"].__setitem__(0, math.inf), "infinite or not a number"),
    "another shape": (lambda t: t.update({"1.weight": t["1.weight"].T.copy()}), r"'1\.weight' is \(\(784, 8\)"),
    "another type": (lambda t: t.update({"1.bias": t["1.bias"].astype(np.float64)}), "float64"),
    "one less": (lambda t: t.pop("1.bias"), "'1.bias' is missing"),
    "one more": (lambda t: t.update({"9.weight": np.zeros(3, np.float32)}), "'9.weight' is"),
}


@pytest.mark.parametrize("kind", list(_WEIGHTS))
def test_weights_that_do_not_fit_are_refused(files: Files, store: Store, kind: str) -> None:
    change, reason = _WEIGHTS[kind]
    refuse(forged(files, weights_safetensors=weights(files, change)), store, reason)


def test_network_that_answers_with_no_numbers_is_refused(files: Files, store: Store) -> None:
    """Each of its weights is a number, and what they add up to is none; without answers nothing else would tell."""

    def enlarge(tensors: dict[str, Any]) -> None:
        for name in ("1.weight", "4.weight"):
            tensors[name][:] = 3e38

    content = forged(files, weights_safetensors=weights(files, enlarge), answers_safetensors=None)
    refuse(content, store, "what the network answers with them: a number is infinite or not a number")


def test_variance_below_nothing_is_refused(tiny_dataset: Dataset, store: Store) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "load_dataset", lambda name: tiny_dataset)
        run_id = store.create(tiny.config({"batch_norm": True}))
        execution.execute(store, run_id)
    files = unpacked(to_archive(find_source(run_id, store)))
    for value in (-1.0, -1e-6):
        changed = weights(files, lambda tensors, to=value: tensors["2.running_var"].__setitem__(0, to))
        content = forged(files, weights_safetensors=changed, answers_safetensors=None)
        refuse(content, store, r"2\.running_var: a variance is below 0")


def header(content: bytes, change: Callable[[dict[str, Any]], object], length: int | None = None) -> bytes:
    """Safetensors bytes with another header."""
    (size,) = struct.unpack("<Q", content[:8])
    head = json.loads(content[8 : 8 + size])
    change(head)
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + content[8 + size :]


def _shift(head: dict[str, Any]) -> None:
    head["1.weight"]["data_offsets"][1] += 10**12


_HEADERS: dict[str, Callable[[bytes], bytes]] = {
    "length beyond the file": lambda content: header(content, lambda head: None, 10**15),
    "length of nothing": lambda content: header(content, lambda head: None, 0),
    "length within the header": lambda content: header(content, lambda head: None, 50),
    "offsets beyond the file": lambda content: header(content, _shift),
    "shape of another size": lambda content: header(content, lambda head: head["1.weight"].update(shape=[10**9, 784])),
    "negative shape": lambda content: header(content, lambda head: head["1.weight"].update(shape=[-1, 784])),
    "unknown type": lambda content: header(content, lambda head: head["1.weight"].update(dtype="PICKLE")),
    "overlapping tensors": lambda content: header(content, lambda head: head.update({"1.bias": head["1.weight"]})),
    "depth": lambda content: struct.pack("<Q", 90_000) + b"[" * 90_000,
    "a pickle": lambda content: pickle.dumps({"1.weight": [0.0] * 100}),
    "cut": lambda content: content[:-100],
    "longer": lambda content: content + bytes(8),
    "nothing": lambda content: b"",
}


@pytest.mark.parametrize("kind", list(_HEADERS))
def test_safetensors_header_that_lies_is_refused(files: Files, store: Store, kind: str) -> None:
    lying = _HEADERS[kind](files["weights.safetensors"])
    refuse(forged(files, weights_safetensors=lying), store, r"weights\.safetensors")
    if kind in ("depth", "a pickle", "cut", "longer", "nothing"):
        lying = _HEADERS[kind](files["losses.safetensors"])
        refuse(forged(files, losses_safetensors=lying), store, r"losses\.safetensors")


def test_losses_that_are_none_or_do_not_fit_their_reports_are_refused(files: Files, store: Store) -> None:
    losses = load(files["losses.safetensors"])["losses"]
    for changed, reason in (
        (losses * np.float32(math.nan), "infinite or not a number"),
        (losses[:-1], "once, in order"),
        (losses.astype(np.float64), "one row of 32-bit numbers"),
        (losses[None], "one row of 32-bit numbers"),
    ):
        refuse(forged(files, losses_safetensors=save({"losses": np.ascontiguousarray(changed)})), store, reason)


def test_reports_and_epochs_out_of_order_are_refused(files: Files, store: Store) -> None:
    epochs = json.loads(files["epochs.json"])
    reordered = json.dumps([epochs[0], epochs[2], epochs[1]]).encode()
    refuse(forged(files, epochs_json=reordered), store, "the epochs 1 to .* in order")
    refuse(forged(files, epochs_json=json.dumps(epochs[:-1]).encode()), store, "the epochs 1 to .* in order")
    reports = json.loads(files["reports.json"])
    refuse(forged(files, reports_json=json.dumps(reports + reports[-1:]).encode()), store, "once, in order")


def test_answers_that_do_not_fit_are_refused(files: Files, store: Store) -> None:
    answers = load(files["answers.safetensors"])
    head = read_header(files["answers.safetensors"])
    labels = answers["labels"].copy()
    labels[:50] = (labels[:50] + 1) % 10
    about = json.loads(head["answers"])
    for tensors, told, reason in (
        ({**answers, "labels": labels}, about, "right for digits other than"),
        ({**answers, "probabilities": answers["probabilities"] * 2}, about, "add up to 1"),
        ({**answers, "probabilities": answers["probabilities"][:, :9].copy()}, about, "cannot be read"),
        ({**answers, "extra": labels}, about, "nothing else"),
        ({**answers, "probabilities": answers["probabilities"].astype(np.float64)}, about, "ten 32-bit"),
        ({**answers, "labels": answers["labels"].astype(np.int64)}, about, "a digit for each image"),
        ({**answers, "labels": np.full_like(labels, 10)}, about, "a digit for each image"),
        (answers, about | {"version": 3}, "of other weights"),
        (answers, about | {"split": "train"}, "of other weights or of another split"),
    ):
        content = save(tensors, head | {"answers": json.dumps(told)})
        refuse(forged(files, answers_safetensors=content), store, reason)


def test_run_without_answers_comes_in(files: Files, store: Store) -> None:
    run_id = import_run(forged(files, answers_safetensors=None), store)
    assert store.run(run_id).state == "finished"


def test_same_run_gives_the_same_bytes_but_for_the_time(source: Source) -> None:
    first, second = (unpacked(to_archive(source)) for _ in range(2))
    for manifest in (first, second):
        manifest["manifest.json"] = json.loads(manifest["manifest.json"]) | {"exported": ""}
    assert first == second


def test_a_training_of_days_comes_in_with_fewer_reports_and_all_its_losses(
    source: Source, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(source.curve.report_steps) == 2
    monkeypatch.setattr(archive, "_MOST_REPORTS", 1)
    curve = store.curve(import_run(to_archive(source), store))
    assert len(curve.report_steps) == 1
    np.testing.assert_array_equal(curve.losses, source.curve.losses)
    ours, theirs = ((one.accuracies * np.diff(one.report_steps, prepend=0)).sum() for one in (curve, source.curve))
    assert ours == pytest.approx(theirs)
    assert curve.report_steps[-1] == source.curve.report_steps[-1]
    assert curve.learning_rates[-1] == source.curve.learning_rates[-1]


def test_reports_of_different_layers_are_refused(files: Files, store: Store) -> None:
    """A chart of their gradients would look for a layer that is not there."""
    reports = json.loads(files["reports.json"])
    probes = {"layers": ["1", "2"], "gradients": [0.1, 0.1], "dead": None}
    told = [
        dict(reports[0], probes=probes),
        *(dict(report, probes=probes | {"layers": ["1"], "gradients": [0.1]}) for report in reports[1:]),
    ]
    assert len(told) > 1
    refuse(forged(files, reports_json=json.dumps(told).encode()), store, "different layers")
