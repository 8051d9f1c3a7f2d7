"""What the figures of a sweep show of its trials, which were never trained here."""

from math import log
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from plotly import graph_objects as go

from mnistlab import importance, study
from mnistlab.sweep_config import SweepConfig
from tests import sweeps
from ui import sweep_figures
from ui.palette import NEUTRAL

RULES = {"setting": "train.optimizer", "options": ("sgd", "adam")}
WIDTHS = {"setting": "width", "low": 8, "high": 512}
CONFIG = sweeps.config(sweeps.RATES, RULES, WIDTHS)
TRIALS = [(0.013, "adam", 8, 0.51), (0.1, "sgd", 64, 0.91), (0.8, "adam", 300, 0.71)]


def told(config: SweepConfig, trials: list[tuple[Any, ...]]) -> optuna.Study:
    """A study of trials that came to an end: the values of its parameters, and last the accuracy."""
    one, distributions = optuna.create_study(direction="maximize"), study.distributions(config)
    for *values, accuracy in trials:
        params = dict(zip(distributions, values, strict=True))
        one.add_trial(optuna.create_trial(value=accuracy, params=params, distributions=distributions))
    return one


def ranked(its_study: optuna.Study, *ended: SimpleNamespace) -> SimpleNamespace:
    """The sweep that a study is of: its finished trials, the best first, and those that ended before."""
    finished = sorted(its_study.trials, key=lambda trial: -(trial.value or 0))
    best_first = [SimpleNamespace(values=trial.params, accuracy=trial.value) for trial in finished]
    return SimpleNamespace(ranked=best_first, trials=ended)


def slice_of(varied: dict[str, Any], values: list[Any], *ended: SimpleNamespace) -> go.Figure:
    config = sweeps.config(varied)
    its_study = told(config, [(value, 0.9) for value in values])
    return sweep_figures._slice(its_study, ranked(its_study, *ended), config.parameters[0])


def parallel(trials: list[tuple[Any, ...]] = TRIALS) -> go.Figure:
    its_study = told(CONFIG, trials)
    return sweep_figures._parallel(its_study, ranked(its_study), [one.setting for one in CONFIG.parameters])


def axis(figure: go.Figure, place: int) -> dict[str, float]:
    return {label.text: label.y for label in figure.layout.annotations if label.x == place}


def test_factors_are_as_far_apart_as_they_are_and_written_without_powers() -> None:
    shown = slice_of(sweeps.RATES, [0.1]).layout.xaxis
    assert (shown.type, shown.tickvals, shown.ticktext) == ("log", (0.01, 0.1, 1), ("0.01", "0.1", "1"))
    assert shown.range == pytest.approx((-2.12, 0.12))


@pytest.mark.parametrize(("most", "step"), [(12, 1), (13, None)])
def test_each_whole_number_is_written_up_to_ten(most: int, step: int | None) -> None:
    assert slice_of({"setting": "train.seed", "low": 2, "high": most}, [3]).layout.xaxis.dtick == step


def test_an_axis_of_fractions_is_left_to_choose_its_numbers() -> None:
    assert slice_of({"setting": "model.dropout", "low": 0, "high": 0.5}, [0.2]).layout.xaxis.dtick is None


def test_options_stand_in_the_order_of_the_sweep_in_a_persons_words() -> None:
    figure = slice_of({"setting": "train.shuffle", "options": (True, False)}, [False, True, False])
    shown = figure.layout.xaxis
    assert (shown.type, shown.categoryorder, shown.categoryarray) == ("category", "array", ("on", "off"))
    assert sorted(figure.data[0].x) == ["off", "off", "on"]


def test_a_cross_stands_for_what_did_not_reach_its_end() -> None:
    def trial(rate: float, state: str, accuracy: float | None) -> SimpleNamespace:
        return SimpleNamespace(values={"train.learning_rate": rate}, state=state, last_accuracy=accuracy)

    ended = [trial(0.1, "pruned", 0.4), trial(0.2, "failed", 0.3), trial(0.3, "failed", None)]
    crosses = slice_of(sweeps.RATES, [0.5], *ended, trial(0.4, "running", 0.5)).data[-1]
    assert (crosses.x, crosses.y) == ((0.1, 0.2, 0.3), pytest.approx((40, 30, 0)))
    assert crosses.text == (
        *("40.00 % when it was pruned", "30.00 % when it failed", "failed before the end of its first epoch"),
    )


def test_round_numbers_stand_where_they_belong_beside_the_lines_of_all_trials() -> None:
    """From the lowest that was tried, at the height 0, to the highest, at 1."""
    figure = parallel()
    assert figure.layout.xaxis.ticktext == (
        *("validation<br>accuracy (%)", "learning<br>rate", "optimizer", "width<br>(neurons)"),
    )
    assert axis(figure, 0) == pytest.approx({"60": 0.225, "70": 0.475, "80": 0.725, "90": 0.975})
    rates, widths = ("0.02", "0.05", "0.1", "0.2", "0.5"), ("10", "20", "50", "100", "200")
    assert axis(figure, 1) == pytest.approx({rate: log(float(rate) / 0.013, 0.8 / 0.013) for rate in rates})
    assert set(axis(figure, 2)) == {"sgd", "adam"}
    assert axis(figure, 3) == pytest.approx({width: log(int(width) / 8, 300 / 8) for width in widths})


def test_a_line_is_the_thicker_and_the_more_orange_the_better_its_trial_was() -> None:
    *lines, _ = parallel().data
    assert [line.y[0] for line in lines] == pytest.approx([0, 1, 0.5])
    assert [line.line.width for line in lines] == pytest.approx([1, 3, 2])
    worst, best, middle = (line.line.color for line in lines)
    assert len({worst, best, middle}) == 3
    assert worst == f"rgb({', '.join(str(int(NEUTRAL[at : at + 2], 16)) for at in (1, 3, 5))})"


def test_where_all_trials_are_alike_their_axis_keeps_what_was_tried() -> None:
    figure = parallel([(0.1, "sgd", 64, 0.9), (0.1, "adam", 65, 0.9)])
    assert axis(figure, 0)
    assert axis(figure, 1)
    assert axis(figure, 3)


@pytest.mark.parametrize("is_over", [False, True])
def test_what_mattered_is_in_percent_and_once_it_is_over_beside_what_chance_reaches(
    is_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "chance", lambda _: {"train.learning_rate": 0.2, "train.optimizer": 1.5})
    config = sweeps.config(sweeps.RATES, RULES)
    trials = [(rate, rule, rate / 2) for rate in (0.01, 0.1, 0.3, 1) for rule in ("sgd", "adam")]
    figure = sweep_figures._importance(told(config, trials), is_over)
    bars, *marks = figure.data
    assert dict(zip(bars.y, bars.text, strict=True)) == {"learning rate": "100 %", "optimizer": "0 %"}
    assert sum(bars.x) == pytest.approx(100)
    by_chance = [dict(zip(one.y, one.x, strict=True)) for one in marks]
    assert by_chance == [{"learning rate": 20, "optimizer": 150}] * is_over
    assert figure.layout.xaxis.range == pytest.approx((0, 1.15 * (150 if is_over else max(bars.x))))
