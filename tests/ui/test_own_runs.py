"""Runs, in a class: the visitor's own runs among those of others."""

from typing import Any

import pytest

from mnistlab import keeping
from mnistlab.store import Store
from tests.ui.test_pages import open_page
from tests.ui.test_runs_page import RUNS, compared, kept, rows, said
from tests.ui.test_runs_page import tables as tables
from ui import identity

ME = "this browser"


@pytest.fixture(autouse=True)
def _me(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "owner", lambda: ME)


def owned(owner: str | None, accuracy: float = 0.9, seed: int = 0, **train: Any) -> str:
    run_id = kept(accuracy, seed=seed, **train)
    Store().change(run_id, {"owner": owner}, ["finished"])
    return run_id


def names(tables: list[dict[str, Any]]) -> set[str]:
    return {row["id"] for row in rows(tables)}


def test_only_mine_lists_the_runs_of_this_browser(tables: list[dict[str, Any]]) -> None:
    own, others = {owned(ME, 0.80), owned(ME, 0.81, seed=1)}, {owned("another", 0.9), owned(None, 0.91)}
    app = open_page(RUNS)
    assert names(tables) == own | others
    app.toggle(key="runs_only_mine").set_value(True).run()
    assert names(tables) == own
    app.button(key="runs_try_0").click().run()
    assert names(tables) == own
    assert set(app.session_state["runs_chosen"]) == own  # the two best of those that are listed
    app.toggle(key="runs_only_mine").set_value(False).run()
    assert names(tables) == own | others


def test_what_is_compared_follows_until_somebody_has_chosen(tables: list[dict[str, Any]]) -> None:
    own = [owned(ME, 0.80), owned(ME, 0.81, seed=1)]
    others = [owned("another", 0.9), owned("another", 0.91)]
    app = open_page(RUNS)
    assert set(compared(tables).values()) == set(others)
    app.toggle(key="runs_only_mine").set_value(True).run()
    assert set(compared(tables).values()) == set(own)
    app = open_page(RUNS, runs=",".join([own[0], others[0]]))
    app.toggle(key="runs_only_mine").set_value(True).run()
    assert app.session_state["runs_chosen"] == [own[0], others[0]]


def test_seeds_that_are_put_together_are_ones_own(tables: list[dict[str, Any]]) -> None:
    own = [owned(ME, 0.80, seed=1), owned(ME, 0.81, seed=2)]
    owned("another", 0.95, seed=3)
    app = open_page(RUNS, runs=own[0])
    app.toggle(key="runs_only_mine").set_value(True).run()
    app.toggle(key="runs_together").set_value(True).run()
    assert set(app.session_state["runs_chosen"]) == set(own)


@pytest.mark.parametrize("owners", [(ME, ME), (ME, None), ("another", "a third"), (None, None)])
def test_who_has_all_runs_or_none_is_not_asked(owners: tuple[str | None, ...]) -> None:
    for owner in owners:
        owned(owner)
    app = open_page(RUNS)
    assert [toggle.key for toggle in app.toggle] == ["runs_together"]


def test_own_runs_that_are_older_than_all_that_are_listed_are_found(
    tables: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = owned(ME)
    for _ in range(3):
        owned("another")
    read = Store.runs
    monkeypatch.setattr(Store, "runs", lambda store, limit=2, **which: read(store, limit, **which))
    app = open_page(RUNS)
    assert own not in names(tables)
    app.toggle(key="runs_only_mine").set_value(True).run()
    assert names(tables) == {own}


def test_without_runs_of_ones_own_all_are_listed_again(tables: list[dict[str, Any]]) -> None:
    own, other = owned(ME), owned("another")
    app = open_page(RUNS)
    app.toggle(key="runs_only_mine").set_value(True).run()
    keeping.put_away(own, Store())
    app.run()
    assert names(tables) == {other}
    assert "No run yet" not in said(app)
    assert not app.exception


def test_a_single_recipe_has_no_last_change() -> None:
    owned(ME)
    app = open_page(RUNS)
    app.button(key="runs_try_1").click().run()
    assert "Only one recipe has been tested so far." in said(app)


def test_my_last_change_is_not_that_of_somebody_else(tables: list[dict[str, Any]]) -> None:
    own = [owned(ME), owned(ME, learning_rate=0.2)]
    owned("another", learning_rate=0.3)
    open_page(RUNS).button(key="runs_try_1").click().run()
    assert set(compared(tables).values()) == set(own)


def test_a_reload_still_lists_only_mine(tables: list[dict[str, Any]]) -> None:
    own, others = owned(ME), owned("another")
    open_page(RUNS).toggle(key="runs_only_mine").set_value(True).run()
    open_page(RUNS)
    assert names(tables) == {own}
    keeping.put_away(own, Store())
    for _ in range(2):
        open_page(RUNS)
        assert names(tables) == {others}
