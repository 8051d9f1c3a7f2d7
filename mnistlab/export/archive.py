"""A whole run as a zip, which any mnistlab that reads this version of the format can import (mnistlab/importing).

    manifest.json          versions, how the run went and ended, size and SHA-256 of every other file
    config.json            all its settings
    epochs.json            the figures of each epoch
    reports.json           what was reported while it learned: accuracy, learning rate, gradients
    losses.safetensors     the loss of every step
    weights.safetensors    the network
    answers.safetensors    what it said about each test image

Everything in it is JSON or safetensors: it can be read without mnistlab, and nothing in it can carry code.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

import mnistlab
from mnistlab.events import Probes
from mnistlab.export.source import Source, must_be_over

FORMAT = 1
MANIFEST = "manifest.json"
NAMES = (
    "config.json",
    "epochs.json",
    "reports.json",
    "losses.safetensors",
    "weights.safetensors",
    "answers.safetensors",
)
_MOST_REPORTS = 20_000
_WHEN = (1980, 1, 1, 0, 0, 0)  # of every entry, so that the same run gives the same bytes


def to_archive(source: Source) -> bytes:
    """The zip of a finished run.

    Raises:
        ExportError: the run is not finished.
    """
    must_be_over(source, "a zip")
    files = _files(source)
    manifest = _manifest(source, files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {MANIFEST: _json(manifest), **files}.items():
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _files(source: Source) -> dict[str, bytes]:
    from safetensors.numpy import save

    files = {
        "config.json": source.config.model_dump_json(indent=1).encode(),
        "epochs.json": _json([asdict(ended) for ended in source.epochs]),
        "reports.json": _json(_reports(source)),
        "losses.safetensors": save({"losses": source.curve.losses}),
        "weights.safetensors": source.weights,
    }
    if source.answers is not None:
        files["answers.safetensors"] = source.answers
    return files


def _reports(source: Source) -> list[dict[str, Any]]:
    """The reports made four times a second; in a long training several are merged, with the last one's rate and probes.

    The losses of all steps are kept separately, and no chart shows that many points.
    """
    curve = source.curve
    num_reports = len(curve.report_steps)
    if not num_reports:
        return []
    together = -(-num_reports // _MOST_REPORTS)
    firsts = np.arange(0, num_reports, together)
    lasts = np.append(firsts[1:], num_reports) - 1
    num_steps = np.diff(curve.report_steps, prepend=0)
    accuracies = np.add.reduceat(curve.accuracies * num_steps, firsts) / np.add.reduceat(num_steps, firsts)
    return [
        {
            "step": int(curve.report_steps[last]),
            "accuracy": float(curve.accuracies[last] if together == 1 else accuracy),
            "learning_rate": float(curve.learning_rates[last]),
            "probes": _last_probes(curve.probes[first : last + 1]),
        }
        for first, last, accuracy in zip(firsts, lasts, accuracies, strict=True)
    ]


def _last_probes(told: Sequence[Probes | None]) -> dict[str, Any] | None:
    """The last of several probes, with the last share of dead ReLUs, which is not measured each time."""
    if told[-1] is None:
        return None
    dead = [probes.dead for probes in told if probes is not None and probes.dead is not None]
    return asdict(told[-1]) | {"dead": dead[-1] if dead else None}


def _manifest(source: Source, files: dict[str, bytes]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "mnistlab": mnistlab.__version__,
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": {
            "id": source.name,
            "name": source.title,
            "note": source.note,
            "created": source.created,
            "seconds": source.seconds,
            "step": source.step,
            "num_steps": source.num_steps,
            "rate_changes": source.rate_changes,
            # Only if it was given more epochs, so that older versions can import all other runs.
            **({} if source.planned_epochs is None else {"planned_epochs": source.planned_epochs}),
            "result": source.result,
        },
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
        },
    }


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False).encode()
