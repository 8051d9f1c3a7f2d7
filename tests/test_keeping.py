"""Names, notes, stars and deleted runs: kept whatever a run does, refused in a sentence, brought back as they were."""

import time

import pytest
import sqlalchemy as sa

from mnistlab import execution, keeping, schema
from mnistlab.errors import ConfigError, RunNotFoundError
from mnistlab.store import Store
from tests import tiny


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(tiny.config())


def test_name_note_and_star_are_kept_and_taken_away(store: Store, run_id: str) -> None:
    keeping.rename(run_id, "  my \n best  run ", store)
    keeping.annotate(run_id, "first line  \n\tsecond\n\n", store)
    keeping.set_star(run_id, True, store)
    run = store.run(run_id)
    assert (run.name, run.title, run.note, run.is_starred) == (
        "my best run",
        "my best run",
        "first line\n\tsecond",
        True,
    )
    keeping.rename(run_id, " ", store)
    keeping.annotate(run_id, "", store)
    keeping.set_star(run_id, False, store)
    run = store.run(run_id)
    assert (run.name, run.title, run.note, run.is_starred) == (None, "custom", None, False)


@pytest.mark.usefixtures("talkative")
def test_what_a_person_wrote_outlives_a_training(store: Store, run_id: str) -> None:
    keeping.rename(run_id, "before", store)
    execution.execute(store, run_id)
    keeping.annotate(run_id, "after", store)
    run = store.run(run_id)
    assert (run.state, run.name, run.note) == ("finished", "before", "after")


@pytest.mark.parametrize("name", ["a" * 81, "zero\x00byte", "turned\u202eround"])
def test_a_name_that_cannot_be_shown_is_refused_and_the_old_one_stays(store: Store, run_id: str, name: str) -> None:
    keeping.rename(run_id, "kept", store)
    with pytest.raises(ConfigError, match=r"at most 80 characters; 81 were|cannot be shown"):
        keeping.rename(run_id, name, store)
    assert store.run(run_id).name == "kept"


def test_a_note_has_a_length(store: Store, run_id: str) -> None:
    keeping.annotate(run_id, "b" * 2000, store)
    with pytest.raises(ConfigError, match="at most 2,000 characters; 2,001 were given"):
        keeping.annotate(run_id, "b" * 2001, store)
    assert store.run(run_id).note == "b" * 2000


def test_a_deleted_run_comes_back_as_it_was(store: Store, run_id: str) -> None:
    keeping.rename(run_id, "mine", store)
    store.claim(run_id, "a worker")
    keeping.put_away(run_id, store)
    assert store.runs() == []
    with pytest.raises(RunNotFoundError):
        keeping.rename(run_id, "gone", store)
    keeping.bring_back(run_id, store)
    run = store.run(run_id)
    assert (run.name, run.state) == ("mine", "stopped")  # not running, for its worker has left it


def test_a_worker_leaves_a_run_that_was_deleted(store: Store, run_id: str) -> None:
    attempt = store.claim(run_id, "a worker")
    assert attempt is not None
    keeping.put_away(run_id, store)
    assert store.log(run_id, attempt).leave
    keeping.bring_back(run_id, store)
    assert store.log(run_id, attempt).leave


@pytest.mark.parametrize("unknown", ["zzzzzzzz", "../../etc"])
def test_an_unknown_run_is_said(store: Store, unknown: str) -> None:
    for deed in (keeping.put_away, keeping.bring_back):
        with pytest.raises(RunNotFoundError, match=unknown.replace(".", r"\.")):
            deed(unknown, store)
    for keep in (keeping.rename, keeping.annotate, keeping.set_star):
        with pytest.raises(RunNotFoundError, match=unknown.replace(".", r"\.")):
            keep(unknown, "", store)  # type: ignore[operator]


@pytest.mark.usefixtures("talkative")
def test_what_was_deleted_long_ago_makes_room_with_all_that_belonged_to_it(store: Store, run_id: str) -> None:
    other = store.create(tiny.config())
    for one in (run_id, other):
        execution.execute(store, one)
    keeping.put_away(run_id, store)
    assert keeping.clear_away(store) == 0
    keeping.bring_back(run_id, store)
    keeping.put_away(run_id, store)
    assert keeping.clear_away(store, after=0) == 1
    with pytest.raises(RunNotFoundError):
        keeping.bring_back(run_id, store)
    with store.transaction() as connection:
        for table in (schema.losses, schema.epochs, schema.weights):
            assert set(connection.scalars(sa.select(table.c.run_id))) == {other}


def test_deleting_makes_room_of_what_was_deleted_a_day_before(store: Store, run_id: str) -> None:
    other = store.create(tiny.config())
    keeping.put_away(run_id, store)
    store._set_deleted(run_id, time.time() - 25 * 3600)
    keeping.put_away(other, store)
    with pytest.raises(RunNotFoundError):
        keeping.bring_back(run_id, store)
    keeping.bring_back(other, store)


def test_what_was_deleted_less_than_a_day_ago_can_be_brought_back(store: Store, run_id: str) -> None:
    keeping.put_away(run_id, store)
    store._set_deleted(run_id, time.time() - 23 * 3600)
    keeping.put_away(store.create(tiny.config()), store)
    keeping.bring_back(run_id, store)
    assert store.run(run_id).id == run_id


@pytest.mark.parametrize(
    "name",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f469\u200d\U0001f3eb class",
        "\u00e9t\u00e9 2\u00a0: essai",
    ],
)
def test_names_in_any_script_are_kept_and_no_character_turns_the_line(store: Store, run_id: str, name: str) -> None:
    keeping.annotate(run_id, name, store)
    assert store.run(run_id).note == name
    keeping.rename(run_id, name, store)
    with pytest.raises(ConfigError, match="cannot be shown"):
        keeping.rename(run_id, "\u202egnorw", store)
    with pytest.raises(ConfigError, match="cannot be shown"):
        keeping.rename(run_id, "\u200c", store)  # nobody would see it
    assert store.run(run_id).name == " ".join(name.split())
