"""Whatever arrives as a picture, the answer is a result or a named error: never a crash."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mnistlab.doubt import check_shape
from mnistlab.errors import MnistLabError
from mnistlab.ink import FloatImage, FramingOptions, frame_drawing, frame_ink
from mnistlab.photo import read_photo
from mnistlab.stages import stages
from tests.drawings import TWO, draw
from tests.photos import photo
from ui.pixel_editor import unpacked

# The tests' own fixtures make a folder for each test, not for each example: nothing here uses it.
fuzzed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SIDES = st.integers(0, 40)
CANVASES = hnp.arrays(np.uint8, st.tuples(SIDES, SIDES, st.just(4)))
INKS = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.floats(0, 1, width=32), fill=st.just(0)
)


@pytest.fixture(autouse=True, scope="module")
def _small_numbers() -> None:
    """Let the CPU know the smallest floats again, which a training in this process has switched off."""
    torch.set_flush_denormal(False)


PHOTOS = [photo(draw(TWO), format=kind, grain=0) for kind in ("PNG", "JPEG", "WEBP")]


def is_picture(image: FloatImage) -> bool:
    return image.shape == (28, 28) and image.dtype == np.float32 and bool(((image >= 0) & (image <= 1)).all())


@fuzzed
@given(CANVASES, st.builds(FramingOptions))
def test_any_canvas_is_framed_or_refused(rgba: npt.NDArray[np.uint8], options: FramingOptions) -> None:
    try:
        framing = frame_drawing(rgba, options)
    except MnistLabError:
        return
    assert is_picture(framing.image)
    check_shape(framing.ink)


@fuzzed
@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)))
def test_any_array_is_framed_or_refused(array: npt.NDArray[np.generic]) -> None:
    for frame in (frame_drawing, frame_ink):
        try:
            assert is_picture(frame(array).image)  # type: ignore[operator]
        except MnistLabError:
            continue


@fuzzed
@given(INKS, st.builds(FramingOptions))
def test_any_ink_has_stages_or_is_refused(ink: FloatImage, options: FramingOptions) -> None:
    check_shape(ink)
    try:
        found = stages(ink, options)
    except MnistLabError:
        return
    assert all(is_picture(stage.image) for stage in found)


@fuzzed
@given(
    st.binary(max_size=2000),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x10\0\0\0WEBPVP8 "]),
)
def test_any_bytes_are_read_or_refused(content: bytes, beginning: bytes) -> None:
    try:
        frame_ink(read_photo(beginning + content))
    except MnistLabError:
        return


@fuzzed
@given(st.sampled_from(PHOTOS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12), st.floats(0, 1))
def test_damaged_photos_are_read_or_refused(content: bytes, hits: list[tuple[float, int]], kept: float) -> None:
    damaged = bytearray(content)
    for place, value in hits:
        damaged[int(place * (len(damaged) - 1))] = value
    try:
        ink = read_photo(bytes(damaged[: max(1, round((0.5 + kept / 2) * len(damaged)))]))
        assert is_picture(frame_ink(ink).image)
    except MnistLabError:
        return


@fuzzed
@given(st.one_of(st.text(), st.none(), st.integers(), st.binary(), st.lists(st.integers())))
def test_anything_from_the_pixel_editor_is_ink_or_refused(sent: object) -> None:
    try:
        assert unpacked(sent).shape == (28, 28)
    except MnistLabError:
        return
