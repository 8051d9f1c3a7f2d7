"""The tables and charts of a report, of answers that nobody gave: every figure at its place."""

import re

import numpy as np
import pytest
from scipy.stats import binomtest

from mnistlab.export import report
from mnistlab.export.report_charts import Line, chart
from tests.test_scores import answers

ANSWERS = answers([3, 3, 3, 3, 8, 8], [3, 3, 5, 8, 8, 8])


def test_each_digit_has_its_share_with_its_interval_and_a_digit_without_images_none() -> None:
    rows = dict(re.findall(r"<tr><th>(\d)</th>(.*?)</tr>", report._digits(ANSWERS)))
    low, high = binomtest(2, 4).proportion_ci(method="wilson")
    bar = '<td><span class="bar"><i style="width:{}%"></i></span></td>'
    share = f"<td>2</td><td>4</td><td>50.00 %</td>{bar.format('50.00')}"
    assert rows["3"] == f"{share}<td>{100 * low:.2f} % to {100 * high:.2f} %</td>"
    assert rows["0"] == f"<td>0</td><td>0</td><td>0.00 %</td>{bar.format('0.00')}<td>0.00 % to 0.00 %</td>"


def test_what_was_taken_for_what_is_counted_and_what_never_was_is_a_dot() -> None:
    rows = dict(re.findall(r"<tr><th>(\d)</th>(<td.*?)</tr>", report._confusion(ANSWERS)))
    dots = ["&#183;"] * 10
    assert re.findall(r">([^<]+)</td>", rows["3"]) == [*dots[:3], "2", "&#183;", "1", *dots[:2], "1", "&#183;"]
    assert re.findall(r">([^<]+)</td>", rows["8"]) == [*dots[:8], "2", "&#183;"]
    assert 'title="3 read as 5: 1 of 4"' in rows["3"]
    assert rows["3"].count("var(--correct)") == 1


@pytest.mark.parametrize(("num_wrong", "shown"), [(60, "all of them"), (61, "the 60 it was surest of")])
def test_it_is_said_whether_all_mistakes_are_shown(num_wrong: int, shown: str, dataset: object) -> None:
    wrong = answers([3] * num_wrong, [5] * num_wrong)
    html = report._mistakes(wrong, dataset.test)  # type: ignore[attr-defined]
    assert f"{num_wrong} test images were misread; here are {shown}:" in html
    assert html.count("<figure>") == 60


def test_numbers_of_a_chart_stand_where_its_line_has_these_values() -> None:
    steps, losses = np.array([0.0, 10_000, 20_000]), np.array([2.0, 1.0, 0.0])
    svg = chart("Loss", "training step", [Line("all", "training", steps, losses)], "{:.1f}".format)
    (points,) = re.findall(r'<polyline class="training" points="([^"]+)"', svg)
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    *ticks, title = re.findall(r'<text x="([^"]+)" y="[^"]+" text-anchor="middle">([^<]+)</text>', svg)
    below = dict(ticks)
    beside = dict(re.findall(r'y="([^"]+)" text-anchor="end">([^<]+)</text>', svg))
    assert [below[f"{x:.1f}"] for x, _ in places] == ["0", "10,000", "20,000"]
    assert [beside[f"{y + 4:.1f}"] for _, y in places] == ["2.0", "1.0", "0.0"]
    assert title[1] == "training step"
    assert "<circle" not in svg
