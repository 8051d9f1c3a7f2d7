"""Where a run that came in is from, and since when: in its note, its report and its curves."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from mnistlab.data import Dataset
from mnistlab.export.archive import to_archive
from mnistlab.export.report import to_report
from mnistlab.export.source import Source, find_source, wall_times
from mnistlab.importing import import_run
from mnistlab.keeping import MAX_NOTE, annotate
from mnistlab.store import Store
from tests.importing.conftest import unpacked


def test_imported_run_knows_when_its_training_began(source: Source, store: Store, tiny_dataset: Dataset) -> None:
    began = 1e9  # 2001
    run_id = import_run(to_archive(replace(source, created=began)), store)
    copy = find_source(run_id, store)
    assert copy.created == began
    assert wall_times(copy, [0]).tolist() == [began]
    assert json.loads(unpacked(to_archive(copy))["manifest.json"])["run"]["created"] == began
    taken_in = datetime.fromtimestamp(store.run(run_id).created, UTC).strftime("%Y-%m-%d %H:%M UTC")
    rows = "<tr><th class='text'>{}</th><td class='text'>{}</td></tr>".format
    report = to_report(copy, tiny_dataset.test)
    assert rows("started", "2001-09-09 01:46 UTC") + rows("taken in", taken_in) in report
    assert "taken in" not in to_report(source, tiny_dataset.test)


def test_report_of_a_run_that_came_in_without_its_date_does_not_say_when_it_started(
    exported: bytes, store: Store, tiny_dataset: Dataset
) -> None:
    """As those that were taken in by a lab of before."""
    run_id = import_run(exported, store)
    store.change(run_id, {"started": None}, ["finished"])
    report = to_report(find_source(run_id, store), tiny_dataset.test)
    assert ">taken in<" in report
    assert ">started<" not in report


def test_note_tells_the_last_origin_alone(source: Source, store: Store) -> None:
    written = replace(source, note="Good with sevens.\n\nMind the fours.")
    ids = [source.name]
    for _ in range(3):
        ids.append(import_run(to_archive(written), store))
        written = find_source(ids[-1], store)
    assert written.note == f"Good with sevens.\n\nMind the fours.\nImported; its id was {ids[-2]}."


def test_note_is_no_longer_than_the_lab_allows(source: Source, store: Store) -> None:
    for text in ("x" * MAX_NOTE, "x" * (MAX_NOTE + 31) + f"\nImported; its id was {source.name}."):
        run = store.run(import_run(to_archive(replace(source, note=text)), store))
        assert run.note is not None
        assert run.note.endswith(f"xx ...\nImported; its id was {source.name}.")
        annotate(run.id, run.note, store)
        assert store.run(run.id).note == run.note
