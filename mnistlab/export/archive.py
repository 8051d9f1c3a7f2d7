"""A whole run as a zip, which any mnistlab of this format's version takes in again (mnistlab/importing).

    manifest.json          versions, how the run went and ended, what every other file weighs
    config.json            all its settings
    epochs.json            the figures of each epoch
    reports.json           what was told while it learned: accuracy, learning rate, gradients
    losses.safetensors     the loss of every step
    weights.safetensors    the network
    answers.safetensors    what it said about each test image

Everything in it is JSON or safetensors: it can be read without mnistlab, and nothing in it can carry code.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import mnistlab
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
    curve = source.curve
    columns = zip(curve.report_steps, curve.accuracies, curve.learning_rates, curve.probes, strict=True)
    return [
        {
            "step": int(step),
            "accuracy": float(accuracy),
            "learning_rate": float(rate),
            "probes": asdict(probes) if probes else None,
        }
        for step, accuracy, rate, probes in columns
    ]


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
            "result": source.result,
        },
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
        },
    }


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False).encode()
