"""One page is drawn after another, and none waits for long."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ui.turns import Turns

_PROJECT = Path(__file__).resolve().parents[2]
_LONG = 60.0  # seconds: more than any of these takes


def _draw_nothing(turns: Turns) -> None:
    with turns.taken():
        pass


def test_two_are_never_drawn_at_once() -> None:
    turns, inside, most = Turns(_LONG), [0], [0]

    def draw() -> None:
        for _ in range(10):
            with turns.taken():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.001)  # so that another would come in
                inside[0] -= 1

    with ThreadPoolExecutor(8) as visitors:
        for drawn in [visitors.submit(draw) for _ in range(8)]:
            drawn.result(_LONG)
    assert most == [1]


def test_whoever_comes_while_one_is_drawn_waits_for_its_end() -> None:
    turns, order = Turns(_LONG), list[str]()
    is_in, may_end = threading.Event(), threading.Event()

    def first() -> None:
        with turns.taken():
            is_in.set()
            may_end.wait(_LONG)
            order.append("first")

    def second() -> None:
        with turns.taken():
            order.append("second")

    with ThreadPoolExecutor(2) as visitors:
        one = visitors.submit(first)
        assert is_in.wait(_LONG)
        two = visitors.submit(second)
        may_end.set()
        one.result(_LONG)
        two.result(_LONG)
    assert order == ["first", "second"]


def test_one_that_takes_long_keeps_nobody_out_and_the_others_still_go_one_by_one() -> None:
    turns = Turns(0.05)
    is_in, may_end, second_is_in, second_may_end = (threading.Event() for _ in range(4))
    third_is_in = threading.Event()

    def draw(entered: threading.Event, until: threading.Event) -> None:
        with turns.taken():
            entered.set()
            assert until.wait(_LONG)

    at_once = threading.Event()
    at_once.set()
    with ThreadPoolExecutor(3) as visitors:
        long = visitors.submit(draw, is_in, may_end)
        assert is_in.wait(_LONG)
        second = visitors.submit(draw, second_is_in, second_may_end)
        assert second_is_in.wait(_LONG)  # though the first is not done
        may_end.set()
        long.result(_LONG)  # which gives back a turn that is another's by now
        turns._patience = _LONG
        third = visitors.submit(draw, third_is_in, at_once)
        assert not third_is_in.wait(0.2)
        second_may_end.set()
        second.result(_LONG)
        third.result(_LONG)


def test_nobody_waits_longer_because_turns_begin_again_and_again() -> None:
    turns = Turns(0.05)
    with ThreadPoolExecutor(1) as visitors, turns.taken():
        turns._begun += _LONG  # as where one after another has just come in
        visitors.submit(_draw_nothing, turns).result(_LONG / 2)


def test_a_part_of_a_page_that_has_its_turn_does_not_wait_for_itself() -> None:
    turns = Turns(_LONG)
    inside = []
    with turns.taken(), turns.taken():
        inside.append(True)
    assert inside


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns(_LONG)
    with pytest.raises(ValueError, match="a page's own"), turns.taken():
        raise ValueError("a page's own")
    with ThreadPoolExecutor(1) as visitors:
        visitors.submit(_draw_nothing, turns).result(_LONG)


def test_every_part_that_is_drawn_alone_is_drawn_in_turn() -> None:
    scripts = [*(_PROJECT / "ui").rglob("*.py"), *(_PROJECT / "pages").glob("*.py"), _PROJECT / "app.py"]
    out_of_turn = [script.name for script in scripts if re.search(r"\bst\.fragment\b", script.read_text("utf-8"))]
    assert out_of_turn == ["turns.py"]
