"""Every step of framing can be left out, and every stage shows what a network would get without the later ones."""

import numpy as np
import pytest
from pydantic import ValidationError

from mnistlab.errors import EmptyDrawingError, ImageError
from mnistlab.ink import PLAIN_RESIZE, FramingOptions, frame_ink
from mnistlab.stages import stages
from tests.drawings import FOUR, TWO, draw

INK = draw(TWO).astype(np.float32)
FAINT = np.float32(0.5) * INK


def test_last_stage_is_what_the_network_gets() -> None:
    np.testing.assert_array_equal(stages(INK)[-1].image, frame_ink(INK).image)


def test_first_stage_is_a_plain_resize_which_keeps_place_and_size() -> None:
    small = np.zeros((560, 560), np.float32)
    small[:280, :280] = INK
    image = stages(small)[0].image
    assert image[14:].max() == 0
    assert image[:, 14:].max() < 0.05
    np.testing.assert_array_equal(image, frame_ink(small, PLAIN_RESIZE).image)


def test_stages_come_in_the_order_of_the_way() -> None:
    assert [stage.name for stage in stages(INK)] == [
        "Plain resize",
        "Cut out",
        "20 x 20",
        "Centred by mass",
        "Full strength",
    ]


@pytest.mark.parametrize(("field", "number"), [("box", 1), ("size", 2), ("centre", 3), ("strength", 4)])
def test_stage_that_is_switched_off_changes_nothing_by_itself(field: str, number: int) -> None:
    found = stages(FAINT, FramingOptions(**{field: False}))
    assert [stage.is_on for stage in found].count(False) == 1
    assert not found[number].is_on
    np.testing.assert_array_equal(found[number].image, found[number - 1].image)


@pytest.mark.parametrize("field", FramingOptions.model_fields)
def test_each_step_makes_a_difference(field: str) -> None:
    ink = np.float32(0.5) * draw(FOUR).astype(np.float32)
    changed = frame_ink(ink, FramingOptions(**{field: False})).image
    assert np.abs(changed - frame_ink(ink).image).max() > 0.1


def test_full_strength_makes_a_faint_pen_as_dark_as_a_strong_one() -> None:
    hard = (INK > 0.5).astype(np.float32)  # a soft edge is wider the stronger its ink
    np.testing.assert_allclose(frame_ink(np.float32(0.5) * hard).image, frame_ink(hard).image, atol=1e-6)
    assert frame_ink(FAINT, FramingOptions(strength=False)).image.max() == pytest.approx(0.5, abs=0.1)


def test_a_hair_that_falls_between_the_points_that_are_kept_leaves_an_empty_picture() -> None:
    ink = np.zeros((400, 400), np.float32)
    ink[50, 50] = ink[349, 349] = 1
    assert frame_ink(ink, FramingOptions(smooth=False)).image.max() == 0


def test_ink_without_any_is_told_as_such() -> None:
    with pytest.raises(EmptyDrawingError):
        stages(np.zeros((28, 28), np.float32))


@pytest.mark.parametrize("wrong", [INK.astype(np.float64), INK[None], INK * 2, INK * np.float32(np.nan), None, "ink"])
def test_anything_but_ink_in_0_to_1_is_refused(wrong: object) -> None:
    with pytest.raises(ImageError, match="Ink is"):
        frame_ink(wrong)  # type: ignore[arg-type]


def test_options_are_frozen_and_know_no_other_step() -> None:
    with pytest.raises(ValidationError):
        FramingOptions(rotate=True)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        FramingOptions().box = False  # type: ignore[misc]
