"""An exported run to be taken apart: its files by name, and how to put them together again."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from mnistlab import execution
from mnistlab.data import Dataset
from mnistlab.errors import ArchiveError
from mnistlab.export.archive import MANIFEST, to_archive
from mnistlab.export.source import Source, find_source
from mnistlab.importing import import_run
from mnistlab.store import Store
from tests import tiny


class Files(dict[str, bytes]):
    """The files of a zip by name; not printed where a test fails, for they are long."""

    def __repr__(self) -> str:
        return f"Files({', '.join(self)})"


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory, tiny_dataset: Dataset) -> Source:
    """A finished run of two epochs, in another lab."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('another') / 'lab.sqlite'}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "load_dataset", lambda name: tiny_dataset)
        run_id = store.create(tiny.config({"dropout": 0.2}))
        execution.execute(store, run_id)
    found = find_source(run_id, store)
    store._engine.dispose()
    return found


@pytest.fixture(scope="session")
def exported(source: Source) -> bytes:
    return to_archive(source)


@pytest.fixture
def files(exported: bytes) -> Files:
    return unpacked(exported)


def unpacked(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return Files({name: archive.read(name) for name in archive.namelist()})


def packed(files: dict[str, bytes], **of_all: Any) -> bytes:
    """A zip of these files; keywords set fields of every entry."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            for field, value in of_all.items():
                setattr(entry, field, value)
            archive.writestr(entry, content)
    return target.getvalue()


def forged(files: dict[str, bytes], **changed: bytes | None) -> bytes:
    """A zip in which some files are others (None: gone) and the manifest agrees: what a clever forger would make.

    Names are given with `_` for their dot.
    """
    files = dict(files)
    for name, content in changed.items():
        real = name.replace("_", ".")
        if content is None:
            del files[real]
        else:
            files[real] = content
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
        if name != MANIFEST
    }
    return packed({**files, MANIFEST: json.dumps(manifest).encode()})


def retold(files: dict[str, bytes], change: Callable[[dict[str, Any]], object]) -> bytes:
    """A zip whose manifest was changed."""
    manifest = json.loads(files[MANIFEST])
    change(manifest)
    return packed({**files, MANIFEST: json.dumps(manifest).encode()})


def refuse(content: bytes, store: Store, reason: str) -> None:
    before = len(store.runs())
    with pytest.raises(ArchiveError, match=reason):
        import_run(content, store)
    assert len(store.runs()) == before
