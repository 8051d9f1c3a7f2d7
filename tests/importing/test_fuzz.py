"""Whatever bytes come in: a run, or a named error; never a crash."""

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnistlab.errors import ArchiveError
from mnistlab.export.archive import MANIFEST, NAMES
from mnistlab.importing import read_archive
from tests.importing.conftest import Files, forged, unpacked

# Hypothesis would like to print the zip it was given.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

_MANY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What a zip can hold: no halves of characters, and no zeros, which end a name; the run's own names are no intruders.
_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40).filter(
    lambda name: name not in (*NAMES, MANIFEST)
)
_SHARE = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


def take(content: bytes) -> None:
    """Read it; only the named error may come out."""
    with suppress(ArchiveError):
        read_archive(content)


@_MANY
@given(st.binary(max_size=2000))
def test_random_bytes_are_refused(content: bytes) -> None:
    for one in (content, b"PK\x03\x04" + content):
        with pytest.raises(ArchiveError):
            read_archive(one)


@_MANY
@given(places=st.lists(st.tuples(_SHARE, st.integers(1, 255)), min_size=1, max_size=8))
def test_zip_with_some_other_bytes_gives_a_named_error_or_a_run(
    exported: bytes, places: list[tuple[float, int]]
) -> None:
    changed = bytearray(exported)
    for place, flip in places:
        changed[int(place * (len(changed) - 1))] ^= flip
    take(bytes(changed))


@_MANY
@given(start=_SHARE, length=_SHARE, put=st.binary(max_size=50))
def test_zip_with_a_part_cut_out_or_put_in_gives_a_named_error_or_a_run(
    exported: bytes, start: float, length: float, put: bytes
) -> None:
    at = int(start * len(exported))
    take(exported[:at] + put + exported[at + int(0.3 * length * len(exported)) :])


@_MANY
@given(
    name=st.sampled_from(["config.json", "epochs.json", "reports.json"]),
    start=_SHARE,
    length=st.integers(0, 20),
    put=st.one_of(st.binary(max_size=20), st.sampled_from([b"NaN", b"-1", b"1e999", b"[[[[", b"{}", b"null", b'""'])),
)
def test_forged_json_gives_a_named_error_or_a_run(
    files: Files, name: str, start: float, length: int, put: bytes
) -> None:
    content = files[name]
    at = int(start * len(content))
    take(forged(files, **{name.replace(".", "_"): content[:at] + put + content[at + length :]}))


@_MANY
@given(
    name=st.sampled_from(["weights.safetensors", "losses.safetensors", "answers.safetensors"]),
    at=st.integers(0, 1500),
    put=st.binary(min_size=1, max_size=16),
)
def test_forged_tensors_give_a_named_error_or_a_run(files: Files, name: str, at: int, put: bytes) -> None:
    content = files[name]
    take(forged(files, **{name.replace(".", "_"): content[:at] + put + content[at + len(put) :]}))


@_MANY
@given(st.dictionaries(_NAMES, st.binary(max_size=40), min_size=1, max_size=5))
def test_zip_with_anything_else_in_it_is_refused(files: Files, more: dict[str, bytes]) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in {**files, **more}.items():
            archive.writestr(name, content)
    with pytest.raises(ArchiveError):
        read_archive(target.getvalue())


def test_untouched_zip_is_a_run(exported: bytes) -> None:
    assert read_archive(exported).told.step == 10
    assert unpacked(exported)
