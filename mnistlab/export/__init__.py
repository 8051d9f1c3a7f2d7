"""Export a run or a built-in model in a form that others can use; each format is a module of this package.

    export("abcd2345", "onnx", store)     # Exported("abcd2345.onnx", b"...")

| format | file | what it is |
|---|---|---|
| safetensors | .safetensors | the weights, with the config in the header |
| onnx | .onnx | the network for any other runtime |
| tensorboard | events.out.tfevents... | the curves, in a folder of its own |
| report | .html | a page with everything, which opens offline |
| script | .py | plain PyTorch that makes the same steps |
| archive | .zip | the whole run, to be imported by another lab |
"""

import errno
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mnistlab.errors import ExportError
from mnistlab.store import Store

# The extension of each format's file; TensorBoard's have names of their own.
FORMATS = {
    "safetensors": ".safetensors",
    "onnx": ".onnx",
    "tensorboard": "",
    "report": ".html",
    "script": ".py",
    "archive": ".zip",
}
OF_WEIGHTS = ("safetensors", "onnx")  # a run that diverged at once has a curve, but none of these


@dataclass(frozen=True)
class Exported:
    """A file: the name it should have, and what is in it."""

    name: str
    content: bytes


def export(name: str, kind: str, store: Store) -> Exported:
    """Export a run or a built-in model as a file of this format.

    Raises:
        ModelNotFoundError: there is none of this name, or it has kept no weights yet.
        ExportError: the format cannot hold this run, or there is no such format.
    """
    from mnistlab.export.source import find_source  # imports torch, which listing the formats does not need

    if kind not in FORMATS:
        raise ExportError(f"There is no export format {kind!r}. Choose one of: {', '.join(FORMATS)}.")
    source = find_source(name, store, needs_weights=kind in OF_WEIGHTS)
    file_name = f"{source.name}{FORMATS[kind]}"
    match kind:
        case "safetensors":
            return Exported(file_name, source.weights)
        case "onnx":
            from mnistlab.export.onnx import to_onnx

            return Exported(file_name, to_onnx(source))
        case "tensorboard":
            from mnistlab.export.tensorboard import event_file_name, to_events

            return Exported(event_file_name(source), to_events(source))
        case "report":
            from mnistlab.data import load_dataset
            from mnistlab.export.report import to_report

            return Exported(file_name, to_report(source, load_dataset(source.config.dataset).test).encode())
        case "script":
            from mnistlab.export.script import to_script

            return Exported(file_name, to_script(source).encode())
    from mnistlab.export.archive import to_archive

    return Exported(file_name, to_archive(source))


def format_of(target: Path) -> str:
    """The format that a file's extension stands for; a name without one is a folder for TensorBoard.

    Raises:
        ExportError: no format has this extension.
    """
    if target.is_dir():
        return "tensorboard"
    found = [kind for kind, ending in FORMATS.items() if ending == target.suffix.lower()]
    if not found:
        endings = ", ".join(filter(None, FORMATS.values()))
        raise ExportError(
            f"The ending of {target.name!r} is not known. Choose a name that ends in {endings}, or a folder for "
            f"TensorBoard; or name the format with --as {{{', '.join(FORMATS)}}}."
        )
    return found[0]


def write(exported: Exported, kind: str, target: Path) -> Path:
    """Write an export to a file, or into a folder for TensorBoard; return its path.

    If that fails, everything is as before: a file to be replaced is still there, and no new folder is left behind.

    Raises:
        ExportError: it cannot be written.
    """
    made: list[Path] = []
    try:
        if kind == "tensorboard":
            made = [folder for folder in (target, *target.parents) if not folder.exists()]
            target.mkdir(parents=True, exist_ok=True)
            target = target / exported.name
        _write_whole(target, exported.content)
    except OSError as error:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        reason = error.strerror or error
        raise ExportError(f"{target} cannot be written: {reason}. Choose another place.") from error
    return target


def _write_whole(target: Path, content: bytes) -> None:
    """Write a temporary file beside the target and rename it when it is complete."""
    if target.is_dir():  # which Windows would report as a lack of permission
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if target.exists() and not target.is_file():
        target.write_bytes(content)  # a device or a pipe, which must not be replaced
        return
    target = Path(os.path.realpath(target))  # a link remains a link
    if target.is_symlink():
        raise OSError(errno.ELOOP, "it is a link to itself")
    if target.exists():
        target.open("r+b").close()  # raises if it is write-protected, which replacing it would ignore
    try:
        number, name = tempfile.mkstemp(prefix=".mnistlab-", dir=target.parent)
    except PermissionError:  # only the file itself is writable, not its folder
        target.write_bytes(content)
        return
    part = Path(name)
    try:
        with open(number, "wb") as file:
            file.write(content)
        part.chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _umask() -> int:
    """The permissions that this process withholds from new files; they can only be read by setting them."""
    now = os.umask(0)
    os.umask(now)
    return now
