"""HTML reports: whole, offline, and deaf to markup in whatever a run says."""

import base64
import io
import re
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mnistlab.data import Dataset
from mnistlab.errors import ExportError
from mnistlab.export import report as report_module
from mnistlab.export import source as source_module
from mnistlab.export.archive import to_archive
from mnistlab.export.report import to_report
from mnistlab.export.report_charts import Line, chart, thinned
from mnistlab.export.script import script_problem, to_script
from mnistlab.export.source import Source, find_source
from mnistlab.predictions import unpack_answers
from mnistlab.presets import PRESETS
from mnistlab.store import Store

_EVIL = '<script>alert("&")</script><img src=x onerror=alert(1)>'


class _Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_report_tells_result_digits_settings_and_environment(source: Source, tiny_dataset: Dataset) -> None:
    page = _Tags(to_report(source, tiny_dataset.test))
    assert f"{100 * source.result['test_accuracy']:.2f} %" in page.text
    for digit, (right, total) in enumerate(source.result["per_digit"]):
        assert f"{digit}{right}{total}" in page.text
    assert "train.learning_rate0.1" in page.text
    assert source.result["machine"]["torch"] in page.text
    assert [tag for tag, _ in page.tags].count("svg") == 2
    num_wrong = round((1 - source.result["test_accuracy"]) * 200)
    assert [tag for tag, _ in page.tags].count("figure") == min(num_wrong, 60)
    assert f"{num_wrong} test images were misread" in page.text


def test_lines_of_the_report_are_the_runs_own_steps_and_epochs(source: Source) -> None:
    loss, accuracy = (report_module._training_line(source, figure) for figure in ("loss", "accuracy"))
    assert loss.x.tolist() == source.curve.steps.tolist()
    np.testing.assert_array_equal(loss.y, source.curve.losses)
    assert accuracy.x.tolist() == source.curve.report_steps.tolist()
    built_in = find_source("small-cnn", Store())  # without its single steps, and not before it was trained
    steps = [ended.step for ended in built_in.epochs if ended.epoch > 0]
    assert 0 < len(steps) < len(built_in.epochs)
    assert report_module._training_line(built_in, "loss").x.tolist() == steps
    assert report_module._epoch_line(built_in, "validation", "accuracy", is_marked=True).x.tolist() == steps


def test_report_has_units_shares_as_bars_and_the_digits_that_were_misread(
    source: Source, tiny_dataset: Dataset
) -> None:
    report = to_report(source, tiny_dataset.test)
    assert ("Loss (nats)" in report, "Accuracy (nats)" in report) == (True, False)
    for right, total in source.result["per_digit"]:
        assert f'style="width:{100 * right / total:.2f}%"' in report
    assert source.answers is not None
    surest = unpack_answers(source.answers)[0].mistakes[0]
    first = re.search(r'src="data:image/png;base64,([^"]+)"', report)
    assert first is not None
    picture = Image.open(io.BytesIO(base64.b64decode(first[1])))
    np.testing.assert_array_equal(np.asarray(picture), tiny_dataset.test.images[surest])


def test_answers_that_were_kept_are_not_read_again_and_others_are(source: Source, tiny_dataset: Dataset) -> None:
    kept = replace(source, weights=b"").evaluation(tiny_dataset.test)
    read = replace(source, answers=None).evaluation(tiny_dataset.test)
    np.testing.assert_allclose(kept.probabilities, read.probabilities, atol=1e-6)
    assert kept.loss == pytest.approx(read.loss)


def test_report_needs_nothing_from_outside(source: Source, tiny_dataset: Dataset) -> None:
    report = to_report(source, tiny_dataset.test)
    page = _Tags(report)
    assert {"script", "link", "iframe", "object", "form"}.isdisjoint(tag for tag, _ in page.tags)
    addresses = [value or "" for _, attributes in page.tags for name, value in attributes.items() if name in _ADDRESSES]
    assert addresses
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert "url(" not in report
    assert "default-src 'none'" in report


_ADDRESSES = ("src", "href", "action", "srcset", "data", "poster")


def test_whatever_a_run_says_is_escaped(source: Source, tiny_dataset: Dataset) -> None:
    machine = {_EVIL: _EVIL}
    evil = replace(
        source,
        title=_EVIL,
        note=_EVIL,
        config=source.config.model_copy(update={"preset": _EVIL[:40]}),
        result=source.result | {"machine": machine},
    )
    report = to_report(evil, tiny_dataset.test)
    page = _Tags(report)
    assert "script" not in [tag for tag, _ in page.tags]
    assert all("onerror" not in attributes for _, attributes in page.tags)
    assert page.text.count(_EVIL) >= 3


def test_report_follows_light_and_dark(source: Source, tiny_dataset: Dataset) -> None:
    report = to_report(source, tiny_dataset.test)
    assert "prefers-color-scheme: dark" in report
    assert "color-scheme: light dark" in report


def test_built_in_model_has_a_report_of_its_epochs(dataset: Dataset) -> None:
    report = to_report(find_source("small-cnn", Store()), dataset.test)
    assert report.count("<circle") >= 10  # an epoch each on the validation curve
    assert "99.58 %" in report


def test_answers_of_a_built_in_model_come_along_unless_they_are_those_of_other_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built_in = find_source("small-cnn", Store())
    assert built_in.answers is not None
    evaluation, step = unpack_answers(built_in.answers)
    assert step == built_in.step
    assert evaluation.accuracy == pytest.approx(built_in.result["test_accuracy"])
    monkeypatch.setattr(source_module, "weights_digest", lambda name: -1)
    assert find_source("small-cnn", Store()).answers is None


def test_run_that_is_not_over_has_no_report(source: Source, tiny_dataset: Dataset) -> None:
    with pytest.raises(ExportError, match="is stopped, and a report needs a finished one"):
        to_report(replace(source, state="stopped"), tiny_dataset.test)


def test_settings_that_differ_from_the_preset_stand_in_a_link(source: Source, tiny_dataset: Dataset) -> None:
    report = to_report(source, tiny_dataset.test)
    assert "Train?preset=custom&amp;model.hidden=8&amp;" in report


def bold(report: str) -> list[str]:
    """The settings whose values are bold."""
    return re.findall(r"<th class='text'>([\w.]+)</th><td class='text changed'>", report)


def test_settings_that_differ_from_the_preset_are_bold(source: Source, tiny_dataset: Dataset) -> None:
    quick = PRESETS["quick-mlp"].config
    as_it_is = to_report(replace(source, config=quick), tiny_dataset.test)
    assert "Preset quick-mlp, with nothing changed." in as_it_is
    assert not bold(as_it_is)
    train = quick.train.model_copy(update={"learning_rate": 0.003, "momentum": 0.5})  # Adam has no use for the latter
    model = quick.model.model_copy(update={"kind": "cnn", "channels": (4,)})
    config = quick.model_copy(update={"dataset": "fashion-mnist", "model": model, "train": train})
    changed = to_report(replace(source, config=config), tiny_dataset.test)
    assert "Preset quick-mlp; what differs from it is in bold." in changed
    assert bold(changed) == ["dataset", "model.kind", "model.channels", *_OF_CNN, "train.learning_rate"]


_OF_CNN = ("model.pools", "model.head")  # of which a network without convolutions has none


def test_report_of_a_recipe_without_a_preset_does_not_speak_of_bold(source: Source, tiny_dataset: Dataset) -> None:
    report = to_report(source, tiny_dataset.test)
    assert source.config.preset == "custom"
    assert "Preset custom, which is not one of the lab's: all settings are its own." in report
    assert "is bold" not in report
    assert not bold(report)


def test_chart_keeps_its_lines_inside_its_frame() -> None:
    x = np.arange(1.0, 2001)
    y = np.random.default_rng(0).normal(size=2000)
    svg = chart("Loss", "step", [Line("training", "training", *thinned(x, y))], str)
    points = re.search(r'points="([^"]+)"', svg)
    assert points is not None
    places = np.array([list(map(float, pair.split(","))) for pair in points[1].split()])
    assert len(places) == 400
    assert places.min() >= 0
    assert (places <= [480, 290]).all()


def places_of(svg: str, pattern: str) -> list[float]:
    return [float(place) for place in re.findall(pattern, svg)]


def test_a_single_epoch_is_a_mark_in_the_middle_of_its_chart() -> None:
    point = Line("training", "training", np.array([5.0]), np.array([0.25]))
    svg = chart("Loss", "step", [point], str)
    assert places_of(svg, r'<circle [^>]*cx="([^"]+)"') == [(56 + 480 - 84) / 2]
    (height,) = places_of(svg, r'<circle [^>]*cy="([^"]+)"')
    assert 34 <= height <= 290 - 44


def test_names_of_lines_that_end_at_the_same_place_do_not_cover_each_other() -> None:
    x, y = np.arange(3.0), np.array([0.9, 0.4, 0.2])
    svg = chart("Loss", "step", [Line(name, name, x, y) for name in ("training", "validation")], str)
    first, second = places_of(svg, r'<text class="[a-z]+" x="\d+" y="([^"]+)"')
    assert abs(first - second) >= 12  # the height of their letters


def test_a_curve_that_never_moves_still_has_an_axis() -> None:
    svg = chart("Loss", "step", [Line("training", "training", np.arange(5.0), np.full(5, 2.3026))], "{:.4f}".format)
    assert svg.count('class="grid"') >= 2
    assert "2.3026" in svg


def test_a_single_mistake_in_a_thousand_is_shaded() -> None:
    (share,) = re.findall(r"--share:([\d.]+)", report_module._cell(true=3, read=5, count=1, total=1000))
    assert float(share) == pytest.approx(0.02)
    (share,) = re.findall(r"--share:([\d.]+)", report_module._cell(true=3, read=3, count=900, total=1000))
    assert float(share) == pytest.approx(0.9)


def test_long_curve_is_averaged_not_sampled() -> None:
    y = np.tile([0.0, 2.0], 2000)
    assert thinned(np.arange(4000.0), y)[1] == pytest.approx(np.ones(400))


def test_trial_that_has_not_read_the_test_set_has_no_report_and_no_zip(source: Source, tiny_dataset: Dataset) -> None:
    trial = replace(source, result={})
    for make in (to_archive, partial(to_report, test=tiny_dataset.test)):
        with pytest.raises(ExportError, match="is a trial, which has not read the test set"):
            make(trial)


@pytest.mark.parametrize(("state", "result"), [("stopped", {}), ("finished", {})])
def test_run_that_has_no_zip_is_not_sent_to_it_for_lack_of_a_script(
    source: Source, state: str, result: dict[str, object]
) -> None:
    cut_short = replace(source, state=state, result=result, config=PRESETS["best-cnn"].config)
    told = script_problem(cut_short) or ""
    with pytest.raises(ExportError, match=re.escape(told)):
        to_script(cut_short)
    assert "Take its weights instead, as safetensors or ONNX." in told
