"""Paper becomes ink: which straight lines are printed and which are a digit's, and how thin a pen may be."""

import numpy as np
import pytest

from mnistlab.errors import EmptyDrawingError
from mnistlab.ink import FloatImage
from mnistlab.paper import ink_on_paper

_SIDE = 400


def sheet() -> FloatImage:
    """Evenly lit paper, (400, 400) brightness in [0, 1]."""
    return np.full((_SIDE, _SIDE), 0.9, np.float32)


@pytest.mark.parametrize("is_turned", [False, True])
def test_ruled_straight_strokes_of_a_digit_are_no_printed_lines(is_turned: bool) -> None:
    """A 4 or a 7 has two that are parallel at most; squared and ruled paper has many."""
    grey = sheet()
    grey[81:87, 100:300] = grey[201:207, 120:280] = 0.2  # the bars of a 7, and what crosses it
    for row in range(80, 340):
        grey[row, 290 - row // 2 : 300 - row // 2] = 0.2
    ink = ink_on_paper(grey.T if is_turned else grey)
    ink = ink.T if is_turned else ink
    assert ink[83:85, 120:280].min() > 0.5
    assert ink[203:205, 130:270].min() > 0.5


@pytest.mark.parametrize("is_turned", [False, True])
def test_stroke_that_crosses_printed_lines_is_not_cut_by_them(is_turned: bool) -> None:
    grey = sheet()
    for row in range(40, _SIDE, 60):
        grey[row : row + 6] = 0.5
    grey[70:330, 190:214] = 0.3  # a 1
    ink = ink_on_paper(grey.T if is_turned else grey)
    ink = ink.T if is_turned else ink
    assert ink[75:325, 195:209].min() > 0.5
    assert ink[:, :150].max() == ink[:, 250:].max() == 0  # nothing is left of the lines


def test_a_single_line_from_edge_to_edge_is_the_papers() -> None:
    grey = sheet()
    grey[240:246] = 0.5
    grey[100:300, 190:214] = 0.3  # it stands on it, and would run over the edge with it
    ink = ink_on_paper(grey)
    assert ink[110:290, 195:209].min() > 0.5
    assert ink[:, :150].max() == ink[:, 250:].max() == 0


def test_fine_pen_is_widened_to_what_is_still_seen_in_twenty_pixels() -> None:
    """MNIST's strokes have about an eighth of a digit's height; two pixels of 300 would be a hundredth and a half."""
    grey = sheet()
    grey[50:350, 200:202] = 0.2
    ink = ink_on_paper(grey)
    assert 15 <= (ink[200] > 0.5).sum() <= 30
    grey[50:350, 180:220] = 0.2  # a broad one stays as it is
    assert (ink_on_paper(grey)[200] > 0.5).sum() == pytest.approx(40, abs=2)


def test_table_at_the_edge_is_not_the_pen_it_is_measured_by() -> None:
    """The frame of a scan, or a table beside the sheet, is darker than a pencil, and no stroke."""
    grey = sheet()
    grey[:2] = grey[-2:] = 0
    grey[:, :2] = grey[:, -2:] = 0
    grey[100:300, 190:214] = 0.7  # a pencil
    ink = ink_on_paper(grey)
    assert ink[110:290, 195:209].min() > 0.5
    assert ink[:5].max() == ink[:, :5].max() == 0


def test_marks_that_run_over_the_edge_are_not_the_pen_the_digit_is_measured_by() -> None:
    grey = sheet()
    for left in range(20, 380, 80):
        grey[:2, left : left + 40] = 0  # as the tops of letters on the next line
    grey[100:300, 190:214] = 0.7  # a pencil
    assert ink_on_paper(grey)[110:290, 195:209].min() > 0.5


def test_a_strip_of_four_rows_is_read_as_well() -> None:
    grey = np.full((4, 60), 0.9, np.float32)
    grey[:, 28:32] = 0.1
    assert ink_on_paper(grey).argmax(1).tolist() == pytest.approx([29] * 4, abs=1)


@pytest.mark.parametrize(("level", "noise"), [(4, 1), (8, 1), (8, 2), (12, 3)])
def test_the_noise_of_a_covered_lens_is_not_ink(level: float, noise: float) -> None:
    grey = np.random.default_rng(0).normal(level, noise, (480, 640)).round().clip(0, 255) / 255
    with pytest.raises(EmptyDrawingError, match="too dark"):
        ink_on_paper(grey.astype(np.float32))


def test_what_a_camera_sees_in_the_dark_is_not_ink() -> None:
    """One level of 255 and none differ from each other by as much as ink from paper."""
    grey = sheet() * 0 + 1 / 255
    grey[100:300, 190:214] = 0
    with pytest.raises(EmptyDrawingError):
        ink_on_paper(grey.astype(np.float32))
