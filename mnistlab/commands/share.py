"""`export` and `import`: take a run out of this lab, or into it."""

import argparse
import json
from pathlib import Path

from mnistlab.errors import ArchiveError, ExportError
from mnistlab.figures import percent, size
from mnistlab.runs import TERMINAL
from mnistlab.store import Store


def export(options: argparse.Namespace) -> int:
    """Write a run or a built-in model to a file, in the format that its name ends in or `--as` names."""
    from mnistlab import export as exports

    target = _target(options.to)
    kind = options.kind or exports.format_of(target)
    exported = exports.export(options.run, kind, Store())
    place = exports.write(exported, kind, target)
    num_bytes = len(exported.content)
    if options.json:
        print(json.dumps({"run": options.run, "format": kind, "file": str(place), "bytes": num_bytes}))
    else:
        print(f"Wrote {place} ({size(num_bytes)}).")
    return 0


def _target(given: str) -> Path:
    """Where to write; an empty shell variable must not mean the current folder."""
    if given in ("", "-"):
        raise ExportError(
            f"--to {given!r} names no file: exports are written to files, not to the terminal. Give a name such as "
            "model.safetensors, or a folder for TensorBoard."
        )
    return Path(given)


def import_(options: argparse.Namespace) -> int:
    """Import a run that `export` has written as a zip."""
    from mnistlab.importing import import_run

    store = Store()
    run_id = import_run(_read(Path(options.file)), store, owner=TERMINAL)
    run = store.run(run_id)
    accuracy = (run.result or {})["test_accuracy"]
    if options.json:
        print(json.dumps({"run": run_id, "preset": run.config.preset, "test_accuracy": accuracy}))
    else:
        print(
            f"Run {run_id}: {run.config.preset}, {run.config.model.shape}, test accuracy {percent(accuracy)}, "
            "as exported."
        )
    return 0


def _read(path: Path) -> bytes:
    from mnistlab.importing.zipped import MOST_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}. Give the .zip of an exported run.") from error
