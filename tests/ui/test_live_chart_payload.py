"""What the live chart sends to the browser, and where the library comes from: all that needs no browser."""

import base64
import errno
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnistlab.paths import PROJECT
from tests.systems import needs_posix
from ui import run_choice
from ui.live_chart import Series
from ui.live_chart.library import ensure_plotly
from ui.live_chart.payload import cut_at, packed, spoken, x_extent, y_extent
from ui.palette import LAYERS, SIGNS


def series(y: list[float], style: str = "line") -> Series:
    return Series("loss", np.arange(len(y), dtype=np.float64), np.array(y), "#0072B2", style)  # type: ignore[arg-type]


def test_values_travel_as_float32() -> None:
    sent = packed(series([2.5, 0.1]))
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(sent["y"]), "<f4"), np.array([2.5, 0.1], np.float32))


def test_long_series_is_thinned() -> None:
    assert len(base64.b64decode(packed(series([0.0] * 50_000))["x"])) <= 1000 * 4


def test_each_run_and_each_layer_has_a_sign_of_its_own_that_stands_before_its_name() -> None:
    assert len(set(SIGNS)) == len(SIGNS) >= max(run_choice.MOST, len(LAYERS))
    labels = (PROJECT / "ui" / "live_chart" / "labels.js").read_text(encoding="utf-8")
    known = re.search("GLYPHS = {(.*)}", labels)
    assert known is not None
    assert all(re.search(f"\\b{sign}\\b", known[1]) for sign in SIGNS)


def test_ranges_of_nothing_are_still_ranges() -> None:
    for one in ([], [series([])], [series([np.nan, np.nan])]):
        assert y_extent(one, percent=False, log=False)[0] < y_extent(one, percent=False, log=False)[1]
        assert x_extent(one)[0] < x_extent(one)[1]


def test_single_point_gets_room_on_both_axes() -> None:
    one = [series([0.3])]
    low, high = y_extent(one, percent=False, log=False)
    assert low < 0.3 < high
    assert x_extent(one) == [0.0, 1.0]
    assert x_extent([series([0.3] * 4), *one]) == [0.0, 3.0]


def test_curve_above_zero_gets_no_room_below_zero() -> None:
    assert y_extent([series([0.001, 2.0])], percent=False, log=False)[0] == 0.0


@pytest.mark.parametrize(
    ("y", "percent", "expected"),
    [
        ([10, 20], False, (9.5, 20.5)),
        ([-1, 1], False, (-1.1, 1.1)),
        ([0.1, 1], False, (0.055, 1.045)),
        ([0.1, 0.5], True, (0.08, 0.52)),
        ([4, 4], False, (3.8, 4.2)),
        ([-4], False, (-4.2, -3.8)),
        ([0, 0], False, (0, 1)),
    ],
)
def test_curves_get_a_little_room(y: list[float], percent: bool, expected: tuple[float, float]) -> None:
    assert y_extent([series(y)], percent=percent, log=False) == pytest.approx(expected)


def test_share_gets_hardly_any_room_above_one() -> None:
    assert y_extent([series([0.1, 1.0])], percent=True, log=False)[1] == pytest.approx(1.01)


def test_logarithmic_range_passes_over_what_has_no_logarithm() -> None:
    low, high = y_extent([series([0.0, -1.0, 0.01, 1.0])], percent=False, log=True)
    assert (low, high) == pytest.approx((-2.1, 0.1))
    assert y_extent([series([0.0])], percent=False, log=True) == pytest.approx((-3.15, 0.15))  # a thousandth to 1


def test_a_short_peak_is_cut_off_at_a_round_number() -> None:
    calm = [2.2] * 500
    assert cut_at([series([2.3, 60.0, 9.0, *calm], "faint"), series([2.3, *calm])], ordinary=2.3) == (3.0, 60.0)
    assert cut_at([series([2.3, 3e30, *calm], "faint")], ordinary=2.3) == (3.0, 3e30)
    assert cut_at([series([2.3, 600.0, *[22.0] * 500])], ordinary=2.3) == (30.0, 600.0)


def test_a_run_behind_another_that_went_astray_does_not_flatten_it() -> None:
    astray = replace(series([2.3, *[7000.0] * 500]), is_behind=True)
    assert cut_at([astray, series([2.3, *[0.1] * 500])], ordinary=2.3) == (3.0, 7000.0)
    assert cut_at([astray], ordinary=2.3) == (3.0, 7000.0)  # the one in front has no points yet


def test_what_is_high_for_long_or_ordinary_is_not_cut_off() -> None:
    falling = [2.3, 4.0, *[0.02] * 500]
    assert cut_at([series(falling)], ordinary=2.3) is None
    assert cut_at([series([2.3, 60.0])], ordinary=2.3) is None
    assert cut_at([series([0.1] * 500), series([60.0, 50.0])], ordinary=2.3) is None
    assert cut_at([series([]), series([np.nan])], ordinary=2.3) is None


def test_last_value_is_spoken_and_faint_curves_are_not() -> None:
    curves = [series([2.0, 0.25, np.nan]), series([9.0], "faint"), series([], "dots")]
    assert spoken("Loss", curves, "step", percent=False) == "Loss. loss: 0.25 at step 1"
    assert spoken("Accuracy", [series([0.979])], "step", percent=True) == "Accuracy. loss: 97.90 % at step 0"


def test_page_with_a_chart_runs_without_a_browser() -> None:
    def page() -> None:
        import numpy as np

        from ui.live_chart import Series, live_chart

        loss = Series("loss", np.zeros(2), np.ones(2), "#0072B2")
        live_chart([loss], key="a", title="Loss", x_title="step", y_title="loss")

    ran = AppTest.from_function(page).run()
    assert not ran.exception
    assert len(ran.get("bidi_component")) == 1


def test_where_nobody_may_write_the_chart_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    from ui import live_chart

    sent: list[dict[str, object]] = []
    monkeypatch.setattr(live_chart, "ensure_plotly", refused)
    monkeypatch.setattr(live_chart, "_mount", lambda key, data, height: sent.append(data))
    live_chart.live_chart([series([1, 2])], key="a", title="Loss", x_title="step", y_title="loss")
    assert "cannot be put there (Read-only file system). Start the lab once as a user" in str(sent[0]["failed"])


def test_library_is_copied_whole_by_many_at_once(tmp_path: Path) -> None:
    ensure_plotly.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: ensure_plotly.__wrapped__(tmp_path), range(4)))
    assert found == {tmp_path / "plotly.min.js"}
    assert [file.name for file in tmp_path.iterdir()] == ["plotly.min.js"]
    assert (tmp_path / "plotly.min.js").stat().st_size > 1_000_000


def test_library_of_another_size_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "plotly.min.js").write_text("old")
    assert ensure_plotly(tmp_path).stat().st_size > 1_000_000


@needs_posix
def test_library_that_a_careful_user_left_is_for_others_too(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        copied = ensure_plotly.__wrapped__(tmp_path)
    finally:
        os.umask(before)
    assert copied.stat().st_mode & 0o777 == 0o644


def test_library_comes_also_into_a_folder_whose_rights_are_not_ours_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    assert ensure_plotly.__wrapped__(tmp_path).stat().st_size > 1_000_000
    assert len(list(tmp_path.iterdir())) == 1


def test_library_that_is_kept_from_us_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an older mnistlab, for somebody else."""
    former = ensure_plotly.__wrapped__(tmp_path).stat().st_ino
    assert ensure_plotly.__wrapped__(tmp_path).stat().st_ino == former
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert ensure_plotly.__wrapped__(tmp_path).stat().st_ino != former
