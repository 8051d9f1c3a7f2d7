"""Import an exported run: check it from end to end, then store it as an ordinary finished run with an id of its own.

    run_id = import_run(Path("run.zip").read_bytes(), store)

zipped.py opens the zip, manifest.py parses its JSON and tensors.py its safetensors; this module checks that they fit
together and stores them. Nothing is unpickled, and nothing is written except rows of the store.
"""

import hashlib
import json
import re
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mnistlab import schema
from mnistlab.config import RunConfig
from mnistlab.errors import ArchiveError
from mnistlab.events import EpochEnded, Probes, StepsTaken
from mnistlab.ids import new_id
from mnistlab.importing import manifest as written
from mnistlab.importing.tensors import check_answers, check_weights, read_losses
from mnistlab.importing.zipped import unzip
from mnistlab.keeping import MAX_NOTE
from mnistlab.rows import insert_metrics, replace_weights
from mnistlab.store import Store

_ORIGIN = "Imported; its id was {}."  # the last line of its note
_IS_ORIGIN = re.compile(_ORIGIN.replace(".", r"\.").format("[a-z0-9-]+"))
_CUT = " ..."  # at the end of a note that was too long


@dataclass(frozen=True, eq=False)
class Arrival:
    """An exported run that was found to be sound; `weights` are safetensors bytes by the kind the store keeps."""

    told: written.Told
    config: RunConfig
    epochs: list[EpochEnded]
    steps: list[StepsTaken]
    weights: dict[str, bytes]


def import_run(content: bytes, store: Store, owner: str | None = None) -> str:
    """Store an exported run as a finished one and return its new id.

    Raises:
        ArchiveError: it is damaged, not from mnistlab, or not safe to import; nothing was stored.
    """
    return _keep(read_archive(content), store, owner)


def read_archive(content: bytes) -> Arrival:
    """Check an exported run.

    Raises:
        ArchiveError: as import_run.
    """
    files = unzip(content)
    manifest = written.read_manifest(files.pop("manifest.json"))
    _check_files(manifest, files)
    told, config = manifest.run, written.read_config(files["config.json"])
    epochs = written.read_epochs(files["epochs.json"])
    _check_epochs(epochs, told, config)
    losses = read_losses(files["losses.safetensors"])
    steps = _reports(written.read_reports(files["reports.json"]), losses, told)
    num_parameters = check_weights(files["weights.safetensors"], config)
    _check_result(told.result, num_parameters)
    weights = {"last": files["weights.safetensors"]}
    if "answers.safetensors" in files:
        check_answers(files["answers.safetensors"], told.step, told.result)
        weights["answers"] = files["answers.safetensors"]
    return Arrival(told, config, [EpochEnded(**dict(ended)) for ended in epochs], steps, weights)


def _check_files(manifest: written.Manifest, files: dict[str, bytes]) -> None:
    """Check that every file listed by the manifest is there as it was exported, and no other one."""
    if set(manifest.files) != set(files):
        differing = ", ".join(sorted(set(manifest.files) ^ set(files)))
        raise ArchiveError(f"The manifest and the zip hold different files: {differing}. Export the run again.")
    for name, weight in manifest.files.items():
        content = files[name]
        if (len(content), hashlib.sha256(content).hexdigest()) != (weight.bytes, weight.sha256):
            raise ArchiveError(f"{name} is not as it was exported: it was changed or damaged. Export the run again.")


def _check_epochs(epochs: list[written.Epoch], told: written.Told, config: RunConfig) -> None:
    numbers = [ended.epoch for ended in epochs]
    last = epochs[-1]
    if numbers != list(range(numbers[0], config.train.epochs + 1)) or numbers[0] > 1:
        raise ArchiveError(f"epochs.json does not list the epochs 1 to {config.train.epochs} in order.")
    is_rising = all(before.step < after.step for before, after in pairwise(epochs))
    if not is_rising or not last.step == told.step == told.num_steps:
        raise ArchiveError(f"The steps of the epochs do not add up to the {told.step:,} steps of the run.")


def _check_result(result: written.Result, num_parameters: int) -> None:
    if result.num_parameters != num_parameters:
        claimed = f"{result.num_parameters:,} parameters"
        raise ArchiveError(f"The manifest says {claimed}; the network has {num_parameters:,}.")
    right, total = (sum(column) for column in zip(*result.per_digit, strict=True)) if result.per_digit else (0, 0)
    too_many = any(num_right > num_images for num_right, num_images in result.per_digit)
    if len(result.per_digit) != 10 or too_many or not total or abs(right / total - result.test_accuracy) > 1e-6:
        raise ArchiveError("The result's figures for each digit do not add up to its test accuracy.")


def _reports(reports: list[written.Report], losses: npt.NDArray[np.float32], told: written.Told) -> list[StepsTaken]:
    """Put the losses back into their reports. A built-in model has neither."""
    ends = [report.step for report in reports]
    starts = [0, *ends][: len(ends)]
    last = ends[-1] if ends else 0
    if any(start >= end for start, end in zip(starts, ends, strict=True)) or last != len(losses):
        raise ArchiveError("The reports do not cover each of the losses once, in order.")
    if reports and last != told.step:
        raise ArchiveError(f"There are {last:,} losses and {told.step:,} steps.")
    if len({tuple(report.probes.layers) for report in reports if report.probes is not None}) > 1:
        raise ArchiveError("The reports are about different layers.")
    return [
        StepsTaken(
            first_step=start + 1,
            step=report.step,
            epoch=0,  # not stored with a report, nor are the other zeros below
            losses=losses[start : report.step],
            accuracy=report.accuracy,
            learning_rate=report.learning_rate,
            images_per_second=0,
            seconds=0,
            probes=_probes(report.probes),
        )
        for start, report in zip(starts, reports, strict=True)
    ]


def _probes(told: written.ProbesTold | None) -> Probes | None:
    if told is None:
        return None
    if len(told.layers) != len(told.gradients):
        raise ArchiveError("A report has one gradient for each layer, or none.")
    return Probes(**dict(told))


def _keep(arrival: Arrival, store: Store, owner: str | None) -> str:
    run_id = new_id()
    with store.transaction() as connection:
        connection.execute(schema.runs.insert().values(_row(arrival, run_id, owner)))
        insert_metrics(connection, run_id, arrival.steps, arrival.epochs)
        for kind, content in arrival.weights.items():
            replace_weights(connection, run_id, kind, arrival.told.step, content)
    return run_id


def _row(arrival: Arrival, run_id: str, owner: str | None) -> dict[str, Any]:
    told, config, now = arrival.told, arrival.config, time.time()
    return {
        "id": run_id,
        "preset": config.preset,
        "config": config.model_dump_json(),
        "state": "finished",
        "owner": owner,
        "attempt": 0,
        "created": now,
        "started": told.created,
        "heartbeat": now,
        "finished": now,
        "name": told.name,
        "note": _note(told),
        "step": told.step,
        "num_steps": told.num_steps,
        "epoch": float(config.train.epochs),
        "seconds": told.seconds,
        "images_per_second": told.result.images_per_second,
        "rate_changes": json.dumps(told.rate_changes),
        "result": told.result.model_dump_json(),
        "planned_epochs": told.planned_epochs,
    }


def _note(told: written.Told) -> str:
    """The run's note, shortened if need be, with a last line on its origin that replaces any earlier one."""
    origin = _ORIGIN.format(told.id)
    lines = [line for line in (told.note or "").splitlines() if not _IS_ORIGIN.fullmatch(line)]
    text, room = "\n".join(lines).rstrip(), MAX_NOTE - len(origin) - 1
    if len(text) > room:
        text = text[: room - len(_CUT)] + _CUT
    return f"{text}\n{origin}" if text else origin
