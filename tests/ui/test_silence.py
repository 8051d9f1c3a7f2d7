"""What the views say of a network whose neurons are silent, as steps that are too large leave them."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnistlab.data import Split
from mnistlab.hidden import Map
from tests.ui.test_evaluate_page import EVALUATE, said
from tests.ui.test_pages import open_page
from ui import evaluations


def _why(total: float, activation: float) -> None:
    import numpy as np

    from mnistlab.explain import Attribution
    from mnistlab.units import Unit
    from ui import depth_parts
    from ui.explanations import Explanation

    picture = np.full((28, 28), total / 784, np.float32)
    found = [Unit(number, activation, activation, picture, None) for number in range(3)]
    explanation = Explanation(picture, Attribution(picture, 2.27, 2.17), found)
    depth_parts.pixels(picture, explanation, 3)
    depth_parts.units(explanation.units, 3)


def why(total: float, activation: float) -> str:
    app = AppTest.from_function(_why, args=(total, activation)).run()
    assert not app.exception
    return said(app)


def test_the_loudest_of_neurons_that_are_all_silent_are_not_listed() -> None:
    assert "all neurons of the first layer are silent" in why(0.1, 0.0)
    assert "silent" not in why(0.1, 0.5)


def test_sums_that_differ_are_not_called_the_same() -> None:
    assert "by +0.10: the same sum" in why(0.1, 0.5)
    assert "by +0.10, which would be the same sum if" in why(0.0, 0.5)


@pytest.mark.parametrize(("shares", "is_one"), [((0.0, 0.0), True), ((0.6, 0.2), False)])
def test_a_map_of_one_spot_says_so(shares: tuple[float, float], is_one: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Split("test", np.zeros((2, 28, 28), np.uint8), np.array([3, 5]))
    found = shown, np.arange(2), Map(np.zeros((2, 2), np.float32), shares)
    monkeypatch.setattr(evaluations, "hidden_map", lambda *_: found)
    told = said(open_page(EVALUATE, model="small-cnn", evaluate_view="hidden layer"))
    assert ("All lie on one spot" in told) is is_one
    assert ("of the variance" in told) is not is_one
