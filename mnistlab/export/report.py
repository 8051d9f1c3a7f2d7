"""A finished run as one HTML page: result, curves, digits, mistakes, settings, environment.

It works offline, in light and dark mode, and on paper: styles, curves and pictures are embedded, there is no script,
and its content security policy forbids every request. All of a run's texts, names and notes included, are escaped.
"""

import base64
import io
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import numpy as np
import numpy.typing as npt

import mnistlab
from mnistlab.curve import Curve
from mnistlab.data import DATASET_TITLES, Split
from mnistlab.differences import setting_name
from mnistlab.evaluation import Evaluation
from mnistlab.export.report_charts import Line, chart, thinned
from mnistlab.export.source import Source, must_be_over
from mnistlab.figures import certainty, count_of, percent
from mnistlab.intervals import wilson_interval
from mnistlab.links import write_link
from mnistlab.presets import PRESETS, changed_from_preset
from mnistlab.settings import unit_of

_STYLE = Path(__file__).with_name("report.css")
_MOST_MISTAKES = 60
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def to_report(source: Source, test: Split) -> str:
    """The page of a finished run.

    Raises:
        ExportError: the run is not finished.
    """
    must_be_over(source, "a report")
    evaluation = source.evaluation(test)
    title = source.title or f"{source.config.preset}, {source.name}"
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>",
            _headline(source, evaluation, title),
            _curves(source),
            _digits(evaluation),
            _confusion(evaluation),
            _mistakes(evaluation, test),
            _settings(source),
            _environment(source),
            "</body></html>\n",
        ]
    )


def _headline(source: Source, evaluation: Evaluation, title: str) -> str:
    num_right, num_images = int(evaluation.correct.sum()), len(evaluation.labels)
    low, high = wilson_interval(num_right, num_images)
    note = f'<p class="note">{escape(source.note)}</p>' if source.note else ""
    epochs = count_of(source.config.train.epochs, "epoch")
    dataset = DATASET_TITLES[source.config.dataset]
    return (
        f"<h1>{escape(title)}</h1>{note}<p>A network {escape(source.config.model.shape)} with "
        f"{source.result['num_parameters']:,} parameters, trained on {dataset} for {epochs} "
        f"({source.step:,} steps) in {source.seconds:,.1f} s. It reads <b>{percent(evaluation.accuracy)}</b> "
        f"of the test images correctly: {num_right:,} of {num_images:,}, 95 % interval {percent(low)} to "
        f"{percent(high)}. Test loss {evaluation.loss:.4f}.</p>"
    )


def _curves(source: Source) -> str:
    """Loss and accuracy; epoch by epoch if the single steps were not kept."""
    charts = []
    for figure, shown in (("loss", lambda value: f"{value:.4g}"), ("accuracy", lambda value: f"{100 * value:.4g} %")):
        lines = [_training_line(source, figure), _epoch_line(source, "validation", figure, is_marked=True)]
        charts.append(chart(figure.capitalize() + (" (nats)" if figure == "loss" else ""), "step", lines, shown))
    return f'<h2>How it learned</h2><div class="charts">{"".join(charts)}</div>'


def _training_line(source: Source, figure: str) -> Line:
    curve = source.curve
    if not len(curve.steps):
        return _epoch_line(source, "train", figure, is_marked=False)
    if figure == "loss":
        x, y = thinned(curve.steps.astype(np.float64), curve.losses.astype(np.float64))
    else:
        x, y = curve.report_steps.astype(np.float64), curve.running_accuracy(_window(curve))
    return Line("training", "training", x, y)


def _window(curve: Curve) -> int:
    """Steps over which the training accuracy is averaged: a fiftieth of the run."""
    return max(1, len(curve.steps) // 50)


def _epoch_line(source: Source, part: str, figure: str, is_marked: bool) -> Line:
    told = [(ended.step, getattr(ended, f"{part}_{figure}")) for ended in source.epochs if ended.epoch > 0]
    points = np.array([pair for pair in told if pair[1] is not None], np.float64).reshape(-1, 2)
    style = "training" if part == "train" else "validation"
    return Line(style, style, points[:, 0], points[:, 1], is_marked)


def _digits(evaluation: Evaluation) -> str:
    rows = []
    for digit, (right, total) in enumerate(evaluation.per_digit):
        share = right / total if total else 0.0
        low, high = wilson_interval(right, total) if total else (0.0, 0.0)
        bar = f'<span class="bar"><i style="width:{100 * share:.2f}%"></i></span>'
        rows.append(
            f"<tr><th>{digit}</th><td>{right:,}</td><td>{total:,}</td><td>{percent(share)}</td><td>{bar}</td>"
            f"<td>{percent(low)} to {percent(high)}</td></tr>"
        )
    return (
        '<h2>Digit by digit</h2><div class="wide"><table><caption>Test images, by their true digit</caption><tr>'
        "<th>digit</th><th>read correctly</th><th>of</th><th>share</th><th></th><th>95 % interval</th></tr>"
        f"{''.join(rows)}</table></div>"
    )


def _confusion(evaluation: Evaluation) -> str:
    confusion = evaluation.confusion
    totals = confusion.sum(1).clip(min=1)
    rows = []
    for true in range(10):
        cells = [_cell(true, read, int(confusion[true, read]), int(totals[true])) for read in range(10)]
        rows.append(f"<tr><th>{true}</th>{''.join(cells)}</tr>")
    head = "".join(f"<th>{digit}</th>" for digit in range(10))
    return (
        '<h2>What was taken for what</h2><div class="wide"><table class="confusion"><caption>Test images: true digit '
        f"down, read digit across; the diagonal is right</caption><tr><th></th>{head}</tr>{''.join(rows)}"
        "</table></div>"
    )


def _cell(true: int, read: int, count: int, total: int) -> str:
    # Not in proportion: a single mistake in a thousand would be invisible.
    share = count / total if true == read else min(1.0, 20 * count / total)
    shade = "correct" if true == read else "wrong"
    about = f"{true} read as {read}: {count} of {total}"
    shown = str(count) if count else "&#183;"
    return f'<td style="--shade:var(--{shade});--share:{share:.3f}" title="{about}">{shown}</td>'


def _mistakes(evaluation: Evaluation, test: Split) -> str:
    mistakes = evaluation.mistakes
    figures = []
    for index in mistakes[:_MOST_MISTAKES]:
        read, true = evaluation.predictions[index], evaluation.labels[index]
        sure = escape(certainty(float(evaluation.confidence[index]), 1))
        picture = f'<img src="{_png(test.images[index])}" alt="{true}, read as {read}">'
        figures.append(f"<figure>{picture}&#10007; {read} ({true})<br><span class='faint'>{sure}</span></figure>")
    shown = f"the {_MOST_MISTAKES} it was surest of" if len(mistakes) > _MOST_MISTAKES else "all of them"
    return (
        f"<h2>Its mistakes</h2><p>{len(mistakes):,} test images were misread; here are {shown}: what each was read "
        "as, in brackets what it is, and how sure the network was.</p>"
        f'<div class="digits">{"".join(figures)}</div>'
    )


def _png(image: npt.NDArray[np.uint8]) -> str:
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(image).save(target, "PNG")
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode()


def _settings(source: Source) -> str:
    config = source.config
    changed = {one.name for one in changed_from_preset(config)}
    rows = [_setting("dataset", config.dataset, "", "dataset" in changed)]
    for part in ("model", "train", "augment"):
        section = getattr(config, part)
        for name, info in type(section).model_fields.items():
            value = getattr(section, name)
            number = "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
            shown = f"{number} {unit_of(info)}"
            rows.append(_setting(f"{part}.{name}", shown, info.description or "", setting_name(name) in changed))
    query = "&".join(f"{key}={value}" for key, value in write_link(config).items())
    link = f" In the lab, this address sets all of it: <code>Train?{escape(query)}</code>" if query else ""
    by_hand = "".join(
        f" From step {step + 1:,} on the learning rate was {rate:g}." for step, rate in source.rate_changes
    )
    return (
        f"<h2>Settings</h2><p>{_preset(config.preset, bool(changed))}{link}{by_hand}</p>"
        f'<details><summary>All of them</summary><div class="wide"><table>{"".join(rows)}</table></div></details>'
    )


def _setting(name: str, shown: str, about: str, is_changed: bool) -> str:
    style = "text changed" if is_changed else "text"
    return (
        f"<tr><th class='text'>{name}</th><td class='{style}'>{escape(shown)}</td>"
        f"<td class='text faint'>{escape(about)}</td></tr>"
    )


def _preset(name: str, is_changed: bool) -> str:
    if name not in PRESETS:
        return f"Preset {escape(name)}, which is not one of the lab's: all settings are its own."
    return f"Preset {escape(name)}" + (
        "; what differs from it is in bold." if is_changed else ", with nothing changed."
    )


def _environment(source: Source) -> str:
    told = {
        "run": source.name,
        **({} if source.created == source.taken_in else {"started": _when(source.created)}),
        **({} if source.taken_in is None else {"taken in": _when(source.taken_in)}),
        **source.result.get("machine", {}),
        "images per second": f"{source.result.get('images_per_second', 0):,.0f}",
        "report made by": f"mnistlab {mnistlab.__version__}",
    }
    rows = "".join(
        f"<tr><th class='text'>{escape(str(key))}</th><td class='text'>{escape(str(value))}</td></tr>"
        for key, value in told.items()
    )
    return f'<h2>Where it was made</h2><div class="wide"><table>{rows}</table></div>'


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
