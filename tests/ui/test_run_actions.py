"""What can be done with a run on the Runs page: repeat, name, delete and bring back."""

from typing import Any

import pytest

from mnistlab import keeping, schema, sweep
from mnistlab.errors import StoreError
from mnistlab.store import Store
from tests import sweeps
from tests.ui.test_pages import open_page
from tests.ui.test_runs_page import DASH, RUNS, cells, compared, kept, rows, said
from tests.ui.test_runs_page import tables as tables


def test_repeat_starts_what_is_missing_of_five_seeds_once(tables: list[dict[str, Any]]) -> None:
    run_id = kept(seed=3)
    app = open_page(RUNS, runs=run_id)
    app.button(key="runs_repeat").click().run()
    assert not app.exception
    runs = Store().runs()
    assert sorted(run.config.train.seed for run in runs) == [0, 1, 2, 3, 4]
    assert [run.state for run in runs].count("queued") == 4
    assert app.button(key="runs_repeat").disabled
    assert cells(tables, rows(tables)[0]["id"])[:2] == ["custom 5 runs", "1 of 5 finished"]
    assert app.toggle(key="runs_together").value


def test_a_mean_over_fewer_seeds_than_finished_says_over_how_many(tables: list[dict[str, Any]]) -> None:
    """As a sweep's trial is never tested, which is finished all the same."""
    ids = [kept(share, seed=seed) for seed, share in enumerate((0.80, 0.81, 0.82))]
    open_page(RUNS, runs=",".join(ids), runs_together="true")
    assert cells(tables, ids[-1])[1:3] == ["3 of 3 finished", f"mean 81.00 % 78.52{DASH}83.48"]
    for untested, words in ((0, "mean of 2 tested seeds: 81.50 %"), (1, "1 tested seed: 82.00 %")):
        Store().change(ids[untested], {"result": None}, ["finished"])
        open_page(RUNS, runs=",".join(ids), runs_together="true")
        state, accuracy = cells(tables, ids[-1])[1:3]
        assert state == "3 of 3 finished"
        assert accuracy.startswith(words)


def test_a_run_whose_rate_was_changed_by_hand_is_not_repeated() -> None:
    run_id = kept()
    Store().change(run_id, {"rate_changes": "[[3, 0.01]]"}, ["finished"])
    app = open_page(RUNS, runs=f"{run_id},{kept(seed=1)}")
    assert app.button(key="runs_repeat").disabled
    assert "learning rate of A was changed by hand" in said(app)


def test_a_run_whose_rate_was_changed_by_hand_is_not_called_the_same_network(tables: list[dict[str, Any]]) -> None:
    steered, untouched = kept(), kept()
    app = open_page(RUNS, runs=f"{untouched},{steered}")
    assert "the same recipe with the same seed, so the same network" in said(app)
    Store().change(steered, {"rate_changes": "[[3, 0.01]]"}, ["finished"])
    app = open_page(RUNS, runs=f"{untouched},{steered}")
    assert "same network" not in said(app)
    assert "B is A with change of the learning rate 0.01 from step 4 on instead of none." in said(app)
    assert tables[-1]["settings"] == ["change of the learning rate"]
    app = open_page(RUNS, runs=f"{steered},{untouched}")
    assert "B is A with no change of the learning rate instead of 0.01 from step 4 on." in said(app)


def test_name_and_note_are_written_and_a_name_is_no_markup(tables: list[dict[str, Any]]) -> None:
    run_id = kept()
    app = open_page(RUNS, runs=run_id)
    app.text_input(key=f"runs_name_{run_id}").set_value("![x](http://e) **b**").run()
    app.text_area(key=f"runs_note_{run_id}").set_value("first try").run()
    run = Store().run(run_id)
    assert (run.name, run.note) == ("![x](http://e) **b**", "first try")
    assert cells(tables, run_id)[0] == f"![x](http://e) **b** {run_id}"
    app.button(key="runs_delete").click().run()
    assert r"\!\[x\]\(http\:" in said(app)


def test_a_deleted_run_is_gone_and_undo_brings_it_back_into_the_comparison(tables: list[dict[str, Any]]) -> None:
    first, second = kept(0.8), kept(0.9, seed=1)
    app = open_page(RUNS, runs=f"{first},{second}")
    app.button(key="runs_delete").click().run()
    assert not app.exception
    assert [row["id"] for row in rows(tables)] == [second]
    assert compared(tables) == {"A": second}
    app.button(key="runs_undo").click().run()
    assert not app.exception
    assert set(compared(tables).values()) == {first, second}
    assert "runs_undo" not in {button.key for button in app.button}


def test_the_last_run_can_be_deleted_and_brought_back(tables: list[dict[str, Any]]) -> None:
    run_id = kept()
    app = open_page(RUNS, runs=run_id)
    app.button(key="runs_delete").click().run()
    assert not app.exception
    assert "No run yet" in said(app)
    app.button(key="runs_undo").click().run()
    assert compared(tables) == {"A": run_id}


def test_a_field_shows_what_others_have_written_and_writes_over_nothing_unseen() -> None:
    run_id = kept()
    app = open_page(RUNS, runs=run_id)
    field = app.text_area(key=f"runs_note_{run_id}")
    keeping.annotate(run_id, "theirs", Store())
    field.set_value("mine").run()
    assert Store().run(run_id).note == "theirs"
    assert "What you typed was not saved: mine" in " ".join(error.value for error in app.error)
    assert app.text_area(key=f"runs_note_{run_id}").value == "theirs"
    app.text_area(key=f"runs_note_{run_id}").set_value("theirs and mine").run()
    assert (Store().run(run_id).note, len(app.error)) == ("theirs and mine", 0)


def test_seeds_with_notes_of_their_own_keep_them() -> None:
    first, second = kept(), kept(seed=1)
    keeping.annotate(second, "its own", Store())
    app = open_page(RUNS, runs=f"{first},{second}", runs_together="true")
    assert "These runs have different notes: turn off Seeds together to change one." in said(app)
    assert not [area for area in app.text_area if str(area.key).startswith("runs_note_")]
    app.text_input(key=f"runs_name_{first}").set_value("a pair").run()
    assert [Store().run(run_id).name for run_id in (first, second)] == ["a pair", "a pair"]
    assert Store().run(second).note == "its own"


def test_the_run_that_the_buttons_are_for_is_named() -> None:
    run_id = kept()
    assert f"**custom** `{run_id}`" in said(open_page(RUNS, runs=run_id))


def test_the_seeds_that_the_buttons_are_for_are_counted() -> None:
    ids = [kept(seed=seed) for seed in range(3)]
    app = open_page(RUNS, runs=",".join(ids), runs_together="true")
    assert "**custom** 3 runs" in said(app)
    assert app.button(key="runs_delete").label == "Delete 3 runs"


def test_what_was_deleted_of_several_can_be_brought_back_where_the_rest_could_not_be_deleted(
    monkeypatch: pytest.MonkeyPatch, tables: list[dict[str, Any]]
) -> None:
    ids = [kept(seed=seed) for seed in range(3)]
    app = open_page(RUNS, runs=",".join(ids), runs_together="true")
    really = keeping.put_away

    def put_away(run_id: str, store: Store) -> None:
        if run_id == ids[2]:
            raise StoreError("The disk is full.")
        really(run_id, store)

    monkeypatch.setattr(keeping, "put_away", put_away)
    app.button(key="runs_delete").click().run()
    assert "The disk is full." in said(app)
    left = {run.id for run in Store().runs()}
    assert len(left) < 3
    app.button(key="runs_undo").click().run()
    assert {run.id for run in Store().runs()} == set(ids)


@pytest.mark.usefixtures("few_listed")
def test_repeat_counts_the_seeds_behind_those_that_are_listed() -> None:
    ids = [kept(seed=seed) for seed in range(7)]
    app = open_page(RUNS, runs=ids[-1])
    app.button(key="runs_repeat").click().run()
    assert not app.exception
    assert {run.id for run in Store().runs(limit=None)} == set(ids)  # there are seven, and five were asked for
    assert app.button(key="runs_delete").label == "Delete 7 runs"


def test_undo_brings_back_what_is_left_of_what_was_deleted(tables: list[dict[str, Any]]) -> None:
    ids = [kept(seed=seed) for seed in range(3)]
    app = open_page(RUNS, runs=",".join(ids), runs_together="true")
    app.button(key="runs_delete").click().run()
    with Store().transaction() as connection:  # as it is cleared away after a day
        connection.execute(schema.runs.delete().where(schema.runs.c.id == ids[1]))
    app.button(key="runs_undo").click().run()
    assert {run.id for run in Store().runs()} == {ids[0], ids[2]}
    assert "runs_undo" not in {button.key for button in app.button}


def test_networks_of_one_recipe_are_said_to_differ_by_luck_and_a_run_without_a_result_to_be_left_out() -> None:
    first, second, third = kept(0.8), kept(0.9, seed=1), kept(0.9, seed=2)
    Store().change(third, {"state": "stopped"}, ["finished"])
    text = said(open_page(RUNS, runs=f"{first},{second},{third}"))
    assert "These are one recipe: what sets their networks apart is the seed, and that is luck." in text
    assert "press Repeat" not in text
    assert "C has no test result yet" in text
    text = said(open_page(RUNS, runs=f"{first},{kept(0.9, learning_rate=0.5)}"))
    assert "press Repeat for each of them" in text
    assert "no test result yet" not in text


def test_trials_that_never_began_are_not_among_the_runs(tables: list[dict[str, Any]]) -> None:
    run_id, store = kept(), Store()
    sweep_id = sweep.create(sweeps.config(), store)
    open_page(RUNS)
    assert len(rows(tables)) == 4  # they wait
    sweep.stop(sweep_id, store)
    open_page(RUNS)
    assert [row["id"] for row in rows(tables)] == [run_id]


def test_the_two_best_are_no_run_and_its_own_copy(tables: list[dict[str, Any]]) -> None:
    second, _, best = kept(0.9, learning_rate=0.2), kept(0.95), kept(0.95)
    other_seed = kept(0.92, seed=1)
    app = open_page(RUNS, runs=second)
    app.button(key="runs_try_0").click().run()
    assert not app.exception
    assert set(compared(tables).values()) == {best, other_seed}
