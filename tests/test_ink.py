"""Drawings become pictures as MNIST's were made: same size, same place, on any canvas."""

import numpy as np
import numpy.typing as npt
import pytest

from mnistlab.data import Dataset
from mnistlab.errors import EmptyDrawingError, ImageError
from mnistlab.ink import Framing, find_ink, frame_drawing
from tests.drawings import CANVASES, GLYPHS, SIDE, Mask, draw, enlarge, put_on, white_on_black

EACH_GLYPH = pytest.mark.parametrize("glyph", GLYPHS)


def frame(ink: Mask) -> Framing:
    return frame_drawing(white_on_black(ink))


def blank(side: int = SIDE) -> Mask:
    return np.zeros((side, side))


def centre_of_mass(image: npt.NDArray[np.float32]) -> tuple[float, float]:
    rows, columns = np.indices(image.shape)
    return float((rows * image).sum() / image.sum()), float((columns * image).sum() / image.sum())


def box_of(image: npt.NDArray[np.float32], threshold: float = 0.1) -> tuple[int, int]:
    """Height and width of what is darker than `threshold`."""
    rows, columns = np.nonzero(image > threshold)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


@EACH_GLYPH
def test_a_picture_is_28x28_float32_in_0_to_1(glyph: str) -> None:
    image = frame(draw(GLYPHS[glyph])).image
    assert image.shape == (28, 28)
    assert image.dtype == np.float32
    assert image.min() == 0
    assert 0.9 < image.max() <= 1


@EACH_GLYPH
@pytest.mark.parametrize("canvas", CANVASES)
def test_every_canvas_gives_the_same_picture(canvas: str, glyph: str) -> None:
    ink = draw(GLYPHS[glyph])
    np.testing.assert_allclose(frame_drawing(put_on(canvas, ink)).image, frame(ink).image, atol=0.02)


@pytest.mark.parametrize("paper", [30, 100, 200, 240])
def test_grey_paper_gives_nearly_the_same_picture(paper: int) -> None:
    ink = draw(GLYPHS["two"])
    colour = 255 if paper < 128 else 0
    grey = np.rint(ink * colour + (1 - ink) * paper).astype(np.uint8)
    rgba = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    np.testing.assert_allclose(frame_drawing(rgba).image, frame(ink).image, atol=0.05)


@EACH_GLYPH
def test_the_longer_side_is_20_pixels(glyph: str) -> None:
    framing = frame(draw(GLYPHS[glyph]))
    assert max(framing.scaled.shape) == 20
    assert max(box_of(framing.image)) == 20


@EACH_GLYPH
def test_proportions_are_kept(glyph: str) -> None:
    framing = frame(draw(GLYPHS[glyph]))
    height, width = framing.cropped.shape
    factor = 20 / max(height, width)
    assert framing.scaled.shape == pytest.approx((height * factor, width * factor), abs=0.5)


@EACH_GLYPH
def test_the_centre_of_mass_is_in_the_middle(glyph: str) -> None:
    row, column = centre_of_mass(frame(draw(GLYPHS[glyph])).image)
    assert row == pytest.approx(14, abs=0.6)
    assert column == pytest.approx(14, abs=0.6)


def heavy_at(edge: str) -> Mask:
    """A thick bar at one edge with a thin line to the other: its centre of mass is far from its middle."""
    ink = blank()
    ink[40:240, 40:90] = 1
    ink[135:145, 40:240] = 1
    return {"left": ink, "top": ink.T, "right": ink[:, ::-1], "bottom": ink.T[::-1]}[edge]


@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
def test_ink_that_cannot_be_centred_stays_in_the_picture(edge: str) -> None:
    framing = frame(heavy_at(edge))
    row, column = framing.position
    height, width = framing.scaled.shape
    assert (height, width) == (20, 20)
    assert 0 <= row <= 8
    assert 0 <= column <= 8
    assert framing.image.sum() == pytest.approx(framing.scaled.sum())


@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
def test_ink_at_one_edge_never_appears_at_the_opposite_one(edge: str) -> None:
    """The tutorial rolled its pictures into place, so that a stroke could leave on one side and enter on the other."""
    image = frame(heavy_at(edge)).image
    upright = {"left": image, "top": image.T, "right": image[:, ::-1], "bottom": image.T[:, ::-1]}[edge]
    inked = np.flatnonzero((upright > 0.1).any(axis=0))
    assert np.array_equal(inked, np.arange(inked[0], inked[0] + 20)), "the ink is torn apart"
    mass = upright.sum(axis=0)
    assert mass[inked[0]] > 5 * mass[inked[-1]], "the bar is not where it was drawn"


@EACH_GLYPH
def test_nothing_lies_outside_the_scaled_box(glyph: str) -> None:
    framing = frame(draw(GLYPHS[glyph]))
    row, column = framing.position
    height, width = framing.scaled.shape
    expected = np.zeros((28, 28), np.float32)
    expected[row : row + height, column : column + width] = framing.scaled
    np.testing.assert_array_equal(framing.image, expected)


@EACH_GLYPH
@pytest.mark.parametrize(("down", "right"), [(30, 0), (-25, 25), (0, -40)])
def test_a_shifted_drawing_gives_the_same_picture(glyph: str, down: int, right: int) -> None:
    ink = draw(GLYPHS[glyph])
    shifted = np.roll(ink, (down, right), axis=(0, 1))
    assert shifted[0].max() == shifted[:, 0].max() == 0  # nothing was rolled over an edge
    np.testing.assert_array_equal(frame(shifted).image, frame(ink).image)


@EACH_GLYPH
@pytest.mark.parametrize("factor", [2, 3])
def test_a_larger_drawing_gives_the_same_picture(glyph: str, factor: int) -> None:
    ink = draw(GLYPHS[glyph])
    enlarged = ink.repeat(factor, axis=0).repeat(factor, axis=1)
    np.testing.assert_allclose(frame(enlarged).image, frame(ink).image, atol=0.05)


def test_a_drawing_may_be_wider_than_high() -> None:
    ink = draw(GLYPHS["two"])
    np.testing.assert_array_equal(frame(np.pad(ink, ((0, 0), (100, 300)))).image, frame(ink).image)


@EACH_GLYPH
def test_a_mirrored_drawing_gives_the_mirrored_picture(glyph: str) -> None:
    ink = draw(GLYPHS[glyph])
    np.testing.assert_allclose(frame(ink[:, ::-1]).scaled, frame(ink).scaled[:, ::-1], atol=0.01)


def test_the_box_holds_all_ink_and_no_more() -> None:
    ink = blank()
    ink[50:70, 100:190] = 1
    framing = frame(ink)
    assert framing.box == (50, 100, 70, 190)
    assert framing.cropped.shape == (20, 90)
    assert framing.cropped.min() == 1


def test_a_smudge_does_not_widen_the_box() -> None:
    ink = blank()
    ink[100:200, 100:150] = 1
    ink[20, 20] = 0.1
    assert frame(ink).box == (100, 100, 200, 150)


def test_a_single_pixel_is_a_drawing() -> None:
    ink = blank()
    ink[7, 200] = 1
    framing = frame(ink)
    assert framing.box == (7, 200, 8, 201)
    assert box_of(framing.image) == (20, 20)


@pytest.mark.parametrize("width", [1, 4, 20])
def test_a_line_over_the_full_height_works(width: int) -> None:
    ink = blank()
    ink[:, 100 : 100 + width] = 1
    framing = frame(ink)
    assert framing.box == (0, 100, SIDE, 100 + width)
    assert framing.scaled.shape == (20, max(1, round(width * 20 / SIDE)))
    assert framing.image[4:24].sum(axis=1).min() > 0.9
    assert framing.image.sum() == pytest.approx(framing.scaled.sum())


def test_a_line_over_the_full_width_works() -> None:
    ink = blank()
    ink[100:120] = 1
    assert box_of(frame(ink).image) == (1, 20)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_the_smallest_canvases_are_drawings(size: tuple[int, int]) -> None:
    rgba = np.zeros((*size, 4), np.uint8)
    assert isinstance(frame_or_error(rgba), EmptyDrawingError)


def frame_or_error(rgba: npt.NDArray[np.uint8]) -> Framing | EmptyDrawingError:
    try:
        return frame_drawing(rgba)
    except EmptyDrawingError as error:
        return error


@pytest.mark.parametrize("canvas", CANVASES)
def test_an_empty_canvas_is_told_as_such(canvas: str) -> None:
    with pytest.raises(EmptyDrawingError, match=r"nothing on the canvas.*Draw one digit"):
        frame_drawing(put_on(canvas, blank()))


@pytest.mark.parametrize("level", [1, 60, 128, 254])
def test_a_grey_canvas_is_empty(level: int) -> None:
    rgba = np.full((SIDE, SIDE, 4), level, np.uint8)
    rgba[..., 3] = 255
    with pytest.raises(EmptyDrawingError):
        frame_drawing(rgba)


def test_a_breath_of_ink_is_no_drawing() -> None:
    with pytest.raises(EmptyDrawingError):
        frame(0.1 * draw(GLYPHS["two"]))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((28, 28), np.uint8),
        np.zeros((28, 28, 3), np.uint8),
        np.zeros((1, 28, 28, 4), np.uint8),
        np.zeros((28, 28, 4), np.float32),
        np.zeros((28, 28, 4), np.int64),
        np.zeros((28, 28, 4), bool),
        None,
        "a drawing",
    ],
    ids=["grey", "rgb", "batch", "float", "int64", "bool", "none", "text"],
)
def test_anything_but_rgba_bytes_is_refused(wrong: object) -> None:
    with pytest.raises(ImageError, match=r"\(H, W, 4\) uint8"):
        frame_drawing(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(0, 28), (28, 0), (4097, 28), (28, 4097)])
def test_sides_out_of_bounds_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=f"1 to 4096 pixels; got {size[0]} x {size[1]}"):
        frame_drawing(np.zeros((*size, 4), np.uint8))


@pytest.mark.parametrize("canvas", CANVASES)
def test_ink_is_how_much_of_it_was_drawn(canvas: str) -> None:
    drawn = draw(GLYPHS["seven"])
    ink = find_ink(put_on(canvas, drawn))
    assert ink.dtype == np.float32
    np.testing.assert_allclose(ink, drawn, atol=0.005)


def test_the_drawing_is_left_as_it_was() -> None:
    rgba = white_on_black(draw(GLYPHS["four"]))
    before = rgba.copy()
    rgba.setflags(write=False)
    frame_drawing(rgba)
    np.testing.assert_array_equal(rgba, before)


def test_an_enlarged_mnist_digit_comes_back_nearly_as_it_was(dataset: Dataset) -> None:
    images = dataset.test.images[:100]
    framed = np.stack([frame_drawing(enlarge(image)).image for image in images])
    differences = np.abs(framed[:, None] - images / np.float32(255)).mean(axis=(2, 3))
    own = differences.diagonal()
    assert np.median(own) < 0.03
    assert own.max() < 0.08
    is_nearest = differences.argmin(axis=1) == np.arange(100)
    assert is_nearest.sum() >= 95  # a thin 1 that is off by a pixel may be nearer to another 1


def test_enlarged_mnist_digits_keep_their_place(dataset: Dataset) -> None:
    for image in dataset.test.images[:100]:
        before, after = centre_of_mass(image / np.float32(255)), centre_of_mass(frame_drawing(enlarge(image)).image)
        assert after == pytest.approx(before, abs=1)
