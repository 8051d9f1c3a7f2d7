"""Runs: the table's rows, what is compared and by which address, the answer, and what is done with a run."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mnistlab import keeping, sweep
from mnistlab.config import RunConfig, parse_config
from mnistlab.intervals import wilson_interval
from mnistlab.presets import get_preset
from mnistlab.store import Store
from tests import sweeps, tiny
from tests.kept import keep
from tests.ui.test_pages import html_of, open_app, open_page
from ui import run_table

RUNS = "pages/8_Runs.py"
DASH = "\N{EN DASH}"
Event = Callable[[AppTest, str, str], None]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the table was given, the newest last; it is a component, whose content AppTest cannot read."""
    given: list[dict[str, Any]] = []

    def mount(data: dict[str, Any], key: str, **_: Any) -> None:
        given.append(data)

    monkeypatch.setattr(run_table, "_mount", mount)
    return given


@pytest.fixture
def event(monkeypatch: pytest.MonkeyPatch, tables: list[dict[str, Any]]) -> Event:
    """Let the table tell of a click: a button stands in for it."""

    def act(app: AppTest, what: str, run_id: str) -> None:
        def mount(data: dict[str, Any], key: str, **callbacks: Any) -> None:
            def clicked() -> None:
                st.session_state[key] = dict.fromkeys(("picked", "starred", "opened")) | {what: run_id}
                callbacks[f"on_{what}_change"]()

            tables.append(data)
            st.button("click", key="runs_click", on_click=clicked)

        monkeypatch.setattr(run_table, "_mount", mount)
        app.run()
        app.button(key="runs_click").click().run()
        assert not app.exception

    return act


def kept(accuracy: float = 0.9, **train: Any) -> str:
    return keep(Store(), tiny.config(**train), accuracy, num_images=400)


def said(app: AppTest) -> str:
    text = " ".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])
    return text.replace("\N{NO-BREAK SPACE}", " ")


def compared(tables: list[dict[str, Any]]) -> dict[str, str]:
    return {letter: run_id for run_id, (letter, _) in tables[-1]["compared"].items()}


def rows(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the browser makes of the rows that it is sent."""
    return [facts | {"settings": settings} for facts, settings in json.loads(tables[-1]["rows"])]


def cells(tables: list[dict[str, Any]], run_id: str) -> list[str]:
    (row,) = [row for row in rows(tables) if row["id"] == run_id]
    return [" ".join(map(str, (cell[0], *cell[2:]))) for cell in row["cells"]]


def test_an_empty_lab_offers_a_first_run() -> None:
    app = open_page(RUNS)
    assert "No run yet" in said(app)
    app.button(key="runs_first").click().run()
    assert not app.exception
    (run,) = Store().runs()
    assert (run.config.preset, run.state) == ("quick-mlp", "queued")
    assert "No run yet" not in said(app)


def test_rows_tell_state_result_with_interval_and_only_settings_that_differ(tables: list[dict[str, Any]]) -> None:
    first, second = kept(0.9), kept(0.8, learning_rate=0.5)
    waiting = Store().create(tiny.config(), owner="somebody")
    open_page(RUNS)
    assert [row["id"] for row in rows(tables)] == [waiting, second, first]
    low, high = wilson_interval(360, 400)
    interval = f"{100 * low:.2f}{DASH}{100 * high:.2f}"
    assert cells(tables, first)[:5] == [f"custom {first}", "finished", f"90.00 % {interval}", "0.4000", "6 s"]
    assert cells(tables, waiting)[1:4] == ["queued", DASH, DASH]
    assert tables[-1]["settings"] == ["learning rate"]
    assert [row["settings"] for row in rows(tables)] == [["0.1"], ["0.5"], ["0.1"]]


def test_two_newest_tested_runs_are_compared_at_first_and_stand_in_the_address(tables: list[dict[str, Any]]) -> None:
    kept()
    first, second = kept(0.85), kept(0.9, learning_rate=0.5)
    Store().create(tiny.config())
    app = open_page(RUNS)
    assert not app.exception
    assert compared(tables) == {"A": second, "B": first}
    assert app.query_params["runs"] == f"{second},{first}"
    assert "McNemar's exact test" in said(app)
    assert "B is A with learning rate 0.1 instead of 0.5." in said(app)


def test_an_address_reproduces_a_comparison_in_its_order(tables: list[dict[str, Any]]) -> None:
    ids = [kept(0.8 + number / 50, seed=number) for number in range(4)]
    app = open_page(RUNS, runs=f"{ids[2]},{ids[0]},{ids[3]}", runs_chart="training loss")
    assert compared(tables) == {"A": ids[2], "B": ids[0], "C": ids[3]}
    assert app.segmented_control(key="runs_chart").value == "training loss"
    assert "The two best of these 3 are C and A." in said(app)
    assert not app.warning


@pytest.mark.parametrize(
    "parameters",
    [
        {"runs": "<b>"},
        {"runs": "zzzzzzzz,../../etc"},
        {"runs": ",".join(["abcdefgh"] * 3 + [f"abcdefg{letter}" for letter in "abcdefghjkmnpqrstuvwxyz" * 4])},
        {"runs_chart": "gossip"},
        {"runs_together": "perhaps"},
    ],
)
def test_rubbish_in_the_address_is_a_sentence_and_the_page_is_there(
    parameters: dict[str, str], tables: list[dict[str, Any]]
) -> None:
    kept()
    kept(seed=1)
    app = open_page(RUNS, **parameters)
    assert not app.exception
    assert len(app.warning) == 1
    assert len(compared(tables)) == 2


def test_a_known_run_beside_an_unknown_one_is_shown(tables: list[dict[str, Any]]) -> None:
    run_id = kept()
    kept(seed=1)
    app = open_page(RUNS, runs=f"zzzzzzzz,{run_id}")
    assert "There is no run `zzzzzzzz`" in app.warning[0].value
    assert compared(tables) == {"A": run_id}
    assert "Tick another run" in said(app)


def test_ticking_and_clearing_a_box_changes_what_is_compared(tables: list[dict[str, Any]], event: Event) -> None:
    first, second, third = kept(0.8), kept(0.85, seed=1), kept(0.9, seed=2)
    app = open_page(RUNS)
    event(app, "picked", first)
    assert compared(tables) == {"A": third, "B": second, "C": first}
    event(app, "picked", third)
    assert app.query_params["runs"] == f"{second},{first}"
    event(app, "picked", second)
    event(app, "picked", first)
    assert "Tick two runs in the table" in said(app)


def test_no_more_stand_side_by_side_than_there_are_letters(tables: list[dict[str, Any]], event: Event) -> None:
    ids = [kept(0.8, seed=number) for number in range(8)]
    app = open_page(RUNS, runs=",".join(ids[:6]))
    event(app, "picked", ids[7])
    assert set(compared(tables).values()) == set(ids[:6])
    assert "At most 6 stand side by side" in app.warning[0].value


def test_star_is_given_and_taken_in_the_table(tables: list[dict[str, Any]], event: Event) -> None:
    run_id = kept()
    app = open_page(RUNS)
    event(app, "starred", run_id)
    assert Store().run(run_id).is_starred
    event(app, "starred", run_id)
    assert not Store().run(run_id).is_starred


def test_a_click_on_a_name_opens_its_run(event: Event) -> None:
    run_id = kept()
    kept(seed=1)
    app = open_page(RUNS)
    event(app, "opened", run_id)
    assert app.title[0].value == "How does it learn?"
    assert app.query_params["run"] == run_id


def test_seeds_together_are_one_row_with_their_mean_and_are_judged_by_it(tables: list[dict[str, Any]]) -> None:
    first = [kept(share, seed=seed) for seed, share in enumerate((0.80, 0.81, 0.82))]
    second = [kept(share, seed=seed, learning_rate=0.5) for seed, share in enumerate((0.90, 0.91))]
    app = open_page(RUNS, runs=f"{first[0]},{second[0]}")
    assert len(rows(tables)) == 5
    app.toggle(key="runs_together").set_value(True).run()
    assert not app.exception
    assert [len(row["cells"]) for row in rows(tables)] == [7, 7]
    assert cells(tables, second[1])[:3] == ["custom 2 runs", "2 of 2 finished", f"mean 90.50 % 84.15{DASH}96.85"]
    assert set(app.query_params["runs"].split(",")) == {*first, *second}
    assert "**B is the better recipe**" in said(app)
    assert "B is A with learning rate 0.5 instead of 0.1." in said(app)
    assert "the band spans the lowest to the highest" in said(app)
    again = open_page(RUNS, runs=",".join([*first[:2], *second]), runs_together="true")
    assert "average over 2 seeds" in said(again)


def test_one_recipe_alone_tells_what_luck_does() -> None:
    ids = [kept(share, seed=seed) for seed, share in enumerate((0.80, 0.81, 0.82))]
    app = open_page(RUNS, runs=",".join(ids), runs_together="true")
    assert "3 seeds of A read 81.00 %" in said(app)
    assert "That difference is luck alone." in said(app)


def test_two_runs_of_one_recipe_and_seed_differ_in_nothing() -> None:
    app = open_page(RUNS, runs=f"{kept(0.8)},{kept(0.8)}")
    assert "the same recipe with the same seed" in said(app)


def test_three_runs_are_told_apart_in_a_table() -> None:
    ids = [kept(learning_rate=rate, batch_size=size) for rate, size in ((0.1, 10), (0.2, 10), (0.2, 20))]
    html = html_of(open_page(RUNS, runs=",".join(ids)))
    assert "<th>learning rate</th><td>0.1</td><td>0.2</td><td>0.2</td>" in html
    assert "<th>batch size</th><td>10</td><td>10</td><td>20</td>" in html


@pytest.mark.parametrize(("number", "together"), [(0, False), (1, False), (2, True)])
def test_each_experiment_sets_what_is_compared(number: int, together: bool, tables: list[dict[str, Any]]) -> None:
    best, many = kept(0.95, learning_rate=0.2), [kept(0.8, seed=seed) for seed in range(3)]
    second, last = kept(0.9, learning_rate=0.3), kept(0.7, learning_rate=0.4)
    app = open_page(RUNS, runs=many[0])
    app.button(key=f"runs_try_{number}").click().run()
    assert not app.exception
    expected = ({best, second}, {second, last}, {many[2]})[number]
    assert set(compared(tables).values()) == expected
    assert app.toggle(key="runs_together").value is together


def varied(number: int) -> RunConfig:
    values = get_preset(("tutorial-mlp", "small-cnn")[number % 2]).config.model_dump()
    values["train"] |= {"seed": number, "batch_size": 1 + number, "weight_decay": number / 1000}
    return parse_config(values)


def test_of_many_settings_those_are_sent_that_set_most_runs_apart(tables: list[dict[str, Any]]) -> None:
    for number in range(6):
        keep(Store(), varied(number), 0.9, num_images=100)
    open_page(RUNS)
    assert len(tables[-1]["settings"]) == 12
    assert {"seed", "batch size", "weight decay"} <= set(tables[-1]["settings"])


def test_a_name_stands_wherever_the_run_is_named() -> None:
    run_id = kept()
    keeping.rename(run_id, "my best, so far", Store())
    assert any("my best, so far" in link.label for link in open_app().get("page_link"))
    app = open_page("pages/6_Evaluate.py")
    assert f"my best, so far, {run_id}, 90.00 %" in app.selectbox(key="evaluate_model").options
    app = open_page("pages/5_Train.py", run=run_id)
    assert any("**my best, so far**" in text.value for text in app.markdown)


def test_runs_that_are_not_there_are_named() -> None:
    run_id = kept()
    app = open_page(RUNS, runs="aaaaaaaa,bbbbbbbb")
    assert "There are no runs `aaaaaaaa`, `bbbbbbbb` in this lab; they may have been deleted." in app.warning[0].value
    assert "others" not in app.warning[0].value
    app = open_page(RUNS, runs=f"a,b,c,d,{run_id}")
    assert (
        "There are no runs `a`, `b`, `c` and 1 more in this lab; they may have been deleted. You see the others."
        in (app.warning[0].value)
    )


def test_what_was_steered_by_hand_is_not_asked_to_be_repeated() -> None:
    run_id, other = kept(), kept(0.8, learning_rate=0.5)
    assert "press Repeat for each of them" in said(open_page(RUNS, runs=f"{run_id},{other}"))
    Store().change(run_id, {"rate_changes": "[[3, 0.01]]"}, ["finished"])
    told = said(open_page(RUNS, runs=f"{run_id},{other}"))
    assert "what was steered by hand cannot be repeated" in told
    assert "press Repeat" not in told


def test_trials_that_wait_are_listed_without_settings(tables: list[dict[str, Any]]) -> None:
    tested = [kept(), kept(learning_rate=0.5)]
    sweep.create(sweeps.config(), Store())
    open_page(RUNS)
    assert tables[-1]["settings"] == ["learning rate"]
    assert [row["settings"] for row in rows(tables) if row["id"] not in tested] == [[DASH]] * 3


def test_a_curve_that_no_run_can_have_is_told() -> None:
    app = open_page(RUNS, runs=kept(validation_size=0), runs_chart="validation accuracy")
    assert "None of these runs held images out" in said(app)
