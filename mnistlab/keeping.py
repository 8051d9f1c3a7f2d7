"""What people do with a stored run: name it, annotate it, star it, delete it and bring it back.

All this is independent of the run's state and of its worker, whose reports do not touch any of it.
"""

import time
from unicodedata import category

from mnistlab import jobs, schema, steering
from mnistlab.errors import ConfigError
from mnistlab.store import Store

MAX_NAME, MAX_NOTE = 80, 2000  # characters
_UNDO_SECONDS = 24 * 3600  # for at least this long, a deleted run can be brought back
_JOINERS = "\u200c\u200d"
_ANY_STATE = ("queued", "running", "finished", "stopped", "failed")


def rename(run_id: str, name: str, store: Store) -> None:
    """Name a run, in one line; an empty name removes the old one.

    Raises:
        RunNotFoundError: no run has this id.
        ConfigError: the name is too long or is not a line of text.
    """
    line = " ".join(name.split())
    _check(line, "name", MAX_NAME)
    store.run(run_id)
    store.change(run_id, {"name": line or None}, _ANY_STATE)


def annotate(run_id: str, note: str, store: Store) -> None:
    """Write a note about a run; an empty note removes the old one.

    Raises:
        RunNotFoundError: no run has this id.
        ConfigError: the note is too long or is not text.
    """
    text = "\n".join(line.rstrip() for line in note.splitlines()).strip()
    _check(text.replace("\n", " ").replace("\t", " "), "note", MAX_NOTE)
    store.run(run_id)
    store.change(run_id, {"note": text or None}, _ANY_STATE)


def set_star(run_id: str, is_starred: bool, store: Store) -> None:
    """Give a run a star, to find it again, or remove it.

    Raises:
        RunNotFoundError: no run has this id.
    """
    store.run(run_id)
    store.change(run_id, {"is_starred": is_starred}, _ANY_STATE)


def put_away(run_id: str, store: Store) -> None:
    """Delete a run so that it can be brought back; one that is still going on is stopped first.

    Raises:
        RunNotFoundError: no run has this id.
    """
    run = store.run(run_id)
    if steering.stop_at_once(run_id, store):  # does nothing to one that is over
        jobs.end_hanging_worker(run)
    store.delete(run_id)
    clear_away(store)


def bring_back(run_id: str, store: Store) -> None:
    """Bring a deleted run back as it was.

    Raises:
        RunNotFoundError: no run, deleted or not, has this id.
    """
    store.restore(run_id)
    store.run(run_id)


def clear_away(store: Store, after: float = _UNDO_SECONDS) -> int:
    """Remove for good what was deleted more than `after` seconds ago, weights and curves too; return how many runs."""
    runs = schema.runs
    with store.transaction() as connection:
        return connection.execute(runs.delete().where(runs.c.deleted < time.time() - after)).rowcount


def strange_sign(line: str) -> str | None:
    """The first character that has no place in a line of text: a control, or one that turns the writing direction.

    Spaces of all kinds are fine, and so, beside letters or emoji, are the joiners of Persian, Hindi and emoji.
    """
    unseen = _JOINERS if any(sign.isprintable() and sign != " " for sign in line) else ""
    return next((sign for sign in line if not (sign.isprintable() or sign in unseen or category(sign) == "Zs")), None)


def _check(line: str, what: str, most: int) -> None:
    if len(line) > most:
        raise ConfigError(f"A run's {what} has at most {most:,} characters; {len(line):,} were given. Shorten it.")
    strange = strange_sign(line)
    if strange is not None:
        raise ConfigError(f"A run's {what} is plain text; {strange!r} cannot be shown. Leave it out.")
