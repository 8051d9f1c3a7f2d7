"""What watching a run is made of: curves read once, words, rates, and whose browser it is."""

import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st

from mnistlab.curve import Curve
from mnistlab.events import Probes, StepsTaken
from mnistlab.presets import get_preset
from mnistlab.queue import Queue
from mnistlab.runs import Run
from mnistlab.store import Store
from tests import tiny
from ui import acting, after_run, identity, rates, run_charts, run_words
from ui.curves import Curves
from ui.live_chart import Series
from ui.words import ordinal, plain


def report(first_step: int, step: int, loss: float = 1.0) -> StepsTaken:
    losses = np.full(step - first_step + 1, loss, np.float32)
    return StepsTaken(first_step, step, step / 5, losses, 0.5, 0.1, 100.0, 1.0)


def started(store: Store) -> tuple[str, int]:
    run_id = store.create(tiny.config(), "me", "running")
    attempt = store.claim(run_id, "a worker")
    assert attempt is not None
    return run_id, attempt


class Asked(Store):
    """A store that notes from which step on its curves were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def curve(self, run_id: str, after_step: int = 0) -> Curve:
        self.asked.append(after_step)
        return super().curve(run_id, after_step)


def test_each_step_of_a_curve_is_read_once() -> None:
    store = Asked()
    run_id, attempt = started(store)
    curves = Curves(store)
    for last in (3, 7, 7, 10):
        if last > store.run(run_id).step:
            store.log(run_id, attempt, [report(store.run(run_id).step + 1, last)])
        curve = curves.of(store.run(run_id))
        np.testing.assert_array_equal(curve.steps, np.arange(1, last + 1))
    assert store.asked == [0, 3, 7]


def test_curve_is_read_anew_when_another_attempt_has_rewound_it() -> None:
    store = Store()
    run_id, attempt = started(store)
    curves = Curves(store)
    store.log(run_id, attempt, [report(1, 4, 1.0)], weights={"checkpoint": b"x"})
    store.log(run_id, attempt, [report(5, 9, 2.0)])
    assert len(curves.of(store.run(run_id)).steps) == 9
    again = store.claim(run_id, "another worker")
    assert again is not None
    store.log(run_id, again, [report(5, 6, 3.0)])
    curve = curves.of(store.run(run_id))
    np.testing.assert_array_equal(curve.steps, np.arange(1, 7))
    np.testing.assert_array_equal(curve.losses, [1, 1, 1, 1, 3, 3])


def test_page_that_read_the_run_before_the_rewinding_gets_no_gap_for_long() -> None:
    store = Store()
    run_id, attempt = started(store)
    curves = Curves(store)
    store.log(run_id, attempt, [report(1, 9)])
    curves.of(store.run(run_id))
    stale = replace(store.run(run_id), step=20)
    again = store.claim(run_id, "another worker")
    assert again is not None
    store.log(run_id, again, [report(1, 5), report(6, 12)])
    for run in (stale, store.run(run_id)):
        steps = curves.of(run).steps
        assert (np.diff(steps) == 1).all()
    np.testing.assert_array_equal(steps, np.arange(1, 13))


def test_curve_stays_whole_while_many_threads_read_it() -> None:
    store = Store()
    run_id, attempt = started(store)
    curves, broken, over = Curves(store), list[np.ndarray](), threading.Event()

    def watch() -> None:
        while not over.is_set():
            steps = curves.of(store.run(run_id)).steps
            if len(steps) and not np.array_equal(steps, np.arange(1, len(steps) + 1)):
                broken.append(steps)

    threads = [threading.Thread(target=watch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for step in range(1, 60, 2):
        store.log(run_id, attempt, [report(step, step + 1)])
    over.set()
    for thread in threads:
        thread.join()
    assert not broken
    assert len(curves.of(store.run(run_id)).steps) == 60


@pytest.fixture
def own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})


def test_only_what_was_lost_is_told_of_a_stopped_run() -> None:
    run = a_run(state="stopped")
    assert "epochs. Nothing is lost: Resume goes on." in run_words.end_line(run)
    forced = replace(run, error="It was taken from its worker: what it learned after step 7 is lost.")
    assert run_words.end_line(forced).endswith("what it learned after step 7 is lost. Resume goes on.")


@pytest.mark.parametrize(("preset", "is_offered"), [("tutorial-mlp", True), ("best-mlp", False), ("best-cnn", True)])
def test_twice_the_width_is_offered_where_a_network_may_be_so_wide(preset: str, is_offered: bool) -> None:
    assert ("Twice the width" in after_run._changes(get_preset(preset).config)) == is_offered


def a_run(**values: object) -> Run:
    defaults = dict.fromkeys(Run.__dataclass_fields__)
    known = {"id": "abcdefgh", "config": tiny.config(), "state": "running", "attempt": 1, "created": time.time()}
    more = {"step": 40, "num_steps": 100, "epoch": 0.8, "seconds": 4.0, "rate_changes": (), "test_readings": 0}
    return Run(**(defaults | known | more | values))


def queued(run_id: str, owner: str, created: float) -> Run:
    return a_run(id=run_id, owner=owner, created=created, state="queued", step=0)


def test_place_in_the_queue_is_the_fair_one() -> None:
    mine = [queued("a", "me", 1), queued("b", "me", 2)]
    active = [*mine, queued("c", "other", 3), a_run(id="r", owner="third", ticket="t")]
    assert run_words.queue_line(mine[0], Queue(active), "me") == "Next in the queue, after the one in progress"
    assert run_words.queue_line(mine[1], Queue(active), "me") == (
        "3rd in the queue, behind 1 run of others and 1 run of yours"
    )
    two = [*active, a_run(id="s", owner="third", ticket="u")]
    assert run_words.queue_line(mine[0], Queue(two), "me") == "Next in the queue, after one of those in progress"


def test_the_next_of_the_queue_is_told_what_it_waits_for() -> None:
    mine = queued("a", "me", 1)
    paused = a_run(id="r", ticket="t", pause_at=40)
    in_a_terminal = a_run(id="f")
    lines = [run_words.queue_line(mine, Queue([mine, other]), "me") for other in (paused, in_a_terminal)]
    assert lines == [
        "Next in the queue: the paused run makes room for it within half a minute",
        "Next in the queue, waiting for the engine",
    ]


def test_progress_tells_epoch_step_pace_and_time_left() -> None:
    run = a_run(images_per_second=1234.5)
    assert run_words.progress_line(run) == "Epoch 0.80 of 2, step 40 of 100, 1,234 images/s, 6 s left"
    assert run_words.progress_line(replace(run, pause_at=40)).endswith("paused")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"pause_at": 50}, "pausing at 40 %"),
        ({"pause_at": 40}, "paused at 40 %"),
        ({"pause_at": 40, "control": "stop"}, "stopping at 40 %"),
        ({}, "40 %, 6 s left"),
    ],
)
def test_the_sidebar_says_what_a_run_was_asked_to_do(values: dict[str, object], words: str) -> None:
    run = replace(a_run(seconds=4.0), **values)
    assert run_words.short_state(run, Queue([run]), "me") == words


def test_what_was_steered_is_drawn_anew_once(own_session: None) -> None:
    acting.steer(lambda number: None, 1)
    assert acting.was_steered()
    assert not acting.was_steered()
    acting.act(lambda: None)
    assert not acting.was_steered()


def test_result_is_compared_with_the_tutorials_and_the_last_run_in_points() -> None:
    config = tiny.config().model_copy(update={"preset": "tutorial-mlp"})
    result = {"test_accuracy": 0.98, "test_loss": 0.07, "per_digit": [[98, 1000]] * 10}
    run = a_run(config=config, state="finished", result=result)
    line = after_run.result_line(run, replace(run, id="lastlast", result=result | {"test_accuracy": 0.975}))
    assert "**98.00 %**" in line
    assert "0.10 points above the tutorial's 97.90 % after 10 epochs" in line
    assert "0.50 points above your previous run (97.50 %, lastlast)" in line
    # 1.96 standard deviations of the difference of two shares of 10,000
    assert "a difference of less than 0.39 points may be luck" in line


def test_slider_has_three_steps_or_more_in_each_factor_of_ten_and_the_presets_own() -> None:
    assert (rates.LADDER[0], rates.LADDER[-1]) == (0.0001, 10)
    assert np.max(np.diff(np.log10(rates.LADDER))) < np.log10(2.01)
    assert 0.0123 in rates.steps(0.0123)
    assert [rates.shown(rate) for rate in (10.0, 0.1, 0.00015)] == ["10", "0.1", "0.00015"]
    assert rates.changed(0.1, 1 / 3) == 0.033


def test_numbers_are_written_without_powers_of_ten() -> None:
    assert [plain(number) for number in (0.0000271, 0.134, 2.54, 143)] == ["0.000027", "0.13", "2.5", "140"]
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 22)] == ["1st", "2nd", "3rd", "4th", "11th", "22nd"]


def with_cookie(monkeypatch: pytest.MonkeyPatch, cookie: str) -> str:
    monkeypatch.setattr(st, "context", SimpleNamespace(cookies={"_streamlit_xsrf": cookie}))
    return identity.owner()


@pytest.mark.usefixtures("own_session")
def test_browser_is_known_again_after_a_reload_which_masks_its_cookie_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    first = with_cookie(monkeypatch, "2|77558e94|6144116baac56f0b9967dc8db7dfdda5|1795487198")
    assert with_cookie(monkeypatch, "2|8d764aa2|9b67d55d50e6ab3d634418bb4dfc1993|1795487198") == first
    assert with_cookie(monkeypatch, "2|b26f738c|e61b3642582e3395248e4ccbfaa3af98|1795487200") != first


@pytest.mark.usefixtures("own_session")
@pytest.mark.parametrize("cookie", ["", "2|zz|zz|1", "2|77|61|1", "nonsense", "2|77558e94||1"])
def test_browser_without_a_proper_cookie_is_known_within_its_tab(cookie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = with_cookie(monkeypatch, cookie)
    assert with_cookie(monkeypatch, cookie) == first
    assert len(first) == 16


def drawn(monkeypatch: pytest.MonkeyPatch, chart: str, told: run_charts.Told) -> tuple[list[Series], str]:
    """The curves of one chart, and what is said below it."""
    series, words = list[Series](), list[str]()
    monkeypatch.setattr(run_charts, "live_chart", lambda curves, **_: series.extend(curves))
    monkeypatch.setattr(run_charts, "st", SimpleNamespace(caption=words.append, markdown=words.append))
    getattr(run_charts, chart)(told)
    return series, " ".join(words)


def told_by(store: Store, **values: object) -> run_charts.Told:
    run_id, attempt = started(store)
    for step in (1, 2):
        probes = Probes(["layer 1", "output"], [0.01 * step, 0.1 * step], 0.25)
        store.log(run_id, attempt, [replace(report(step, step), probes=probes)], num_steps=10)
    run = replace(store.run(run_id), **values)  # type: ignore[arg-type]
    return run_charts.Told(run, store.curve(run_id), [])


def test_each_layer_has_its_curve_of_gradients(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    (first, output), _ = drawn(monkeypatch, "_gradients", told_by(store))
    assert (first.name, output.name) == ("layer 1", "output")
    np.testing.assert_allclose(first.x, [0.2, 0.4])  # 10 steps are two epochs
    np.testing.assert_allclose(output.y, [0.1, 0.2])


def test_dead_relus_are_a_curve_and_without_relus_a_sentence(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    (dead,), _ = drawn(monkeypatch, "_dead_relus", told_by(store))
    np.testing.assert_allclose(dead.y, [0.25, 0.25])
    series, words = drawn(monkeypatch, "_dead_relus", told_by(store, config=tiny.config({"activation": "tanh"})))
    assert (series, words) == ([], "This network has no ReLUs, so none can die.")


def test_changes_of_the_learning_rate_are_marked_and_listed(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    series, words = drawn(monkeypatch, "_learning_rate", told_by(store, rate_changes=((1, 0.05), (2, 0.2))))
    changes = series[1]
    np.testing.assert_allclose(changes.y, [0.05, np.nan, 0.2, np.nan])
    assert words == "Changed by hand: 0.05 after step 1, 0.2 after step 2."


def test_runs_of_one_title_are_told_apart_by_what_differs_and_a_lone_one_is_not() -> None:
    faster, other = (a_run(id=name, config=tiny.config(learning_rate=rate)) for name, rate in (("a", 0.3), ("b", 0.1)))
    assert run_words.apart(faster, [faster, other]) == ", learning rate 0.3"
    seeds = [a_run(id=str(seed), config=tiny.config(seed=seed)) for seed in (1, 2)]
    assert [run_words.apart(run, seeds) for run in seeds] == [", seed 1", ", seed 2"]
    assert run_words.apart(faster, [faster]) == ""


def test_two_settings_tell_a_run_apart_where_no_single_one_does() -> None:
    runs = [
        a_run(id=str(n), config=tiny.config(learning_rate=r, epochs=e))
        for n, (r, e) in enumerate([(0.1, 2), (0.3, 2), (0.1, 9), (0.3, 9)])
    ]
    assert [run_words.apart(run, runs) for run in runs[:2]] == [
        ", learning rate 0.1, epochs 2",
        ", learning rate 0.3, epochs 2",
    ]


def test_runs_of_one_recipe_beside_a_steered_one_are_told_apart_by_their_ids() -> None:
    steered = a_run(id="s", config=tiny.config(epochs=5), rate_changes=((3, 0.01),))
    runs = [steered, a_run(id="a"), a_run(id="b")]
    assert [run_words.apart(run, runs) for run in runs[1:]] == [", epochs 2, a", ", epochs 2, b"]
