"""Numbers and digits in the words of a sentence."""

import numpy as np
import pytest

from mnistlab import sweep
from mnistlab.figures import certainty
from mnistlab.store import Store
from tests import sweeps, tiny
from tests.kept import keep
from ui.answers import Answer, answers, spoken
from ui.words import a_digit, duration, roughly, run_label, sure, unbroken


@pytest.mark.parametrize(
    ("share", "said"), [(0.979, "97.9 %"), (0.99949, "99.9 %"), (0.9995, "more than 99.9 %"), (1.0, "more than 99.9 %")]
)
def test_no_network_is_quite_sure(share: float, said: str) -> None:
    assert sure(share) == said


def test_a_caption_says_of_no_network_that_it_was_quite_sure() -> None:
    assert [certainty(share) for share in (0.5, 0.994, 0.995, 1.0)] == ["50 %", "99 %", "> 99 %", "> 99 %"]
    assert [certainty(share, 1) for share in (0.5, 0.9994, 0.9996, 1.0)] == ["50.0 %", "99.9 %", "> 99.9 %", "> 99.9 %"]


def test_no_line_ends_within_a_number_and_what_belongs_to_it() -> None:
    held = unbroken("97.90 % (exact test, p = 0.048)").split(" ")
    assert [part.replace("\N{NO-BREAK SPACE}", " ") for part in held] == ["97.90 %", "(exact", "test,", "p = 0.048)"]
    assert " " not in unbroken("(p < 0.000001)")


def test_eight_alone_takes_an() -> None:
    assert [a_digit(digit) for digit in (0, 1, 8)] == ["a 0", "a 1", "an 8"]
    assert a_digit(8, "**{}**") == "an **8**"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.02, "0.1 s"),
        (0.4, "0.4 s"),
        (0.96, "1 s"),
        (12.4, "12 s"),
        (200, "3 min 20 s"),
        (3599, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (7259, "2 h 1 min"),
        (7300, "2 h 2 min"),
        (10_799, "3 h 0 min"),
    ],
)
def test_durations_are_rounded(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "5 s"),
        (43, "45 s"),
        (58, "1 min"),
        (73, "1 min 10 s"),
        (119, "2 min"),
        (296, "5 min"),
        (363, "6 min"),
        (3590, "1 h"),
        (7300, "2 h 2 min"),
    ],
)
def test_what_nobody_knows_to_the_second_is_not_told_so(seconds: float, said: str) -> None:
    assert roughly(seconds) == said


def test_a_run_in_a_menu_says_how_well_it_reads_or_how_far_it_is() -> None:
    store = Store()
    tested, waiting = keep(store, tiny.config(), 0.979), store.create(tiny.config())
    sweep_id = sweep.create(sweeps.config(), store)
    trial = sweep.find(sweep_id, store).trials[0].run.id
    store.change(trial, {"state": "finished", "trial": 4}, ["queued"])
    assert run_label(store.run(tested)) == f"custom, {tested}, 97.90 %"
    assert run_label(store.run(waiting)) == f"custom, {waiting}, queued"
    assert run_label(store.run(trial)).endswith(f", {trial}, trial 4, not tested")


def test_an_answer_keeps_its_percentage_in_one_line() -> None:
    said = answers(
        np.zeros((28, 28), np.float32), [Answer("a network", np.eye(10, dtype=np.float32)[3])], None, "Draw."
    )
    assert "I am more than 99.9\N{NO-BREAK SPACE}% sure." in said


def test_answers_are_read_aloud_in_few_words_and_a_doubt_before_its_digit() -> None:
    sure_of_3, torn = np.full(10, 0.001, np.float32), np.full(10, 0.01, np.float32)
    sure_of_3[3], torn[1], torn[7] = 0.991, 0.5, 0.42
    found = [Answer("a", sure_of_3), Answer("b", torn)]
    assert spoken(found, None) == "a: Read as 3, 99.1 %. b: In doubt, perhaps 1, 50.0 %."
    assert spoken([Answer("", sure_of_3)], None) == "Read as 3, 99.1 %."
    assert spoken([Answer("a", None)], None) == ""
