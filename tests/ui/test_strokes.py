"""Strokes as we paint them for the pad: as wide as the pen, round, and erased by black ones."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ui.strokes import paint, stroke_of

SIDE = 40


def painted(*strokes: dict[str, Any], brush: float = 6) -> npt.NDArray[np.uint8]:
    """Where there is ink, (40, 40): 0 to 255."""
    picture = paint(strokes, SIDE, brush)
    assert picture.shape == (SIDE, SIDE, 4)
    assert (picture[..., 3] == 255).all()
    assert (picture[..., :3] == picture[..., :1]).all()
    return picture[..., 0]


def test_a_line_is_as_wide_as_its_pen_and_round_at_its_ends() -> None:
    ink = painted(stroke_of([(10, 20), (30, 20)], 6))
    assert ink[18:22, 10:31].min() == 255
    assert ink[:16].max() == ink[24:].max() == 0
    assert ink[20, 7:33].min() == 255  # half a pen's width beyond its ends
    assert ink[17, 7] == 0
    assert ink.sum() / 255 == pytest.approx(20 * 6 + np.pi * 3**2, rel=0.05)


def test_a_corner_leaves_no_gap_and_a_click_is_a_dot() -> None:
    corner = painted(stroke_of([(10, 10), (30, 10), (30, 30)], 6))
    assert corner[10, 30] == corner[8, 31] == 255
    dot = painted(stroke_of([(20, 20)], 10))
    assert dot.sum() / 255 == pytest.approx(np.pi * 5**2, rel=0.1)


def test_a_stroke_without_a_width_has_the_brushs() -> None:
    stroke = stroke_of([(5, 20), (35, 20)], 2) | {"strokeWidth": None}
    assert painted(stroke, brush=8)[:, 20].sum() / 255 == pytest.approx(8, rel=0.05)


def test_a_stroke_in_the_papers_colour_erases_what_was_there_before() -> None:
    line, across = stroke_of([(5, 20), (35, 20)], 6), stroke_of([(20, 5), (20, 35)], 6) | {"stroke": "#000000"}
    assert painted(line, across)[20, 20] == 0
    assert painted(line, across)[20, 10] == 255
    assert painted(across, line)[20, 20] == 255


def test_a_curve_bends_halfway_to_its_control_point() -> None:
    curve = {"path": [["M", 5, 30], ["Q", 20, 0, 35, 30]], "strokeWidth": 4}
    ink = painted(curve)
    assert ink[15, 20] == 255
    assert ink[30, 20] == ink[5, 20] == 0
    assert ink[30, 5] == ink[30, 34] == 255
