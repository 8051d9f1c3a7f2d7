"""The ladder: the accuracy of the simplest ways to read digits, of this model, and of published records."""

import math

import streamlit as st

from mnistlab.builtin import builtin_record
from mnistlab.figures import percent
from mnistlab.ids import is_run_id
from ui import bars, frame, resources
from ui.address import Address
from ui.models import ModelChoice
from ui.palette import TRAINING

_OWN = "this model"


def show(model: ModelChoice, _split_name: str, _address: Address) -> None:
    """Draw the view. All rungs are measured on MNIST's test set, whatever split is chosen."""
    from mnistlab.baselines import RECORDS, load_baselines, measure, read_by_mean, read_by_neighbours

    rungs = [(baseline.name, baseline.num_correct / baseline.num_images) for baseline in load_baselines()]
    rungs += [(record.name, record.accuracy) for record in RECORDS]
    accuracy = _test_accuracy(model)
    if model.dataset != "mnist":
        st.info("This model reads pictures other than MNIST's, so it has no place on this ladder.")
    elif accuracy is None:
        st.info(_why_untested(model))
    else:
        rungs.append((_OWN, accuracy))
        below = [name for name, share in rungs if share < accuracy]
        st.markdown(
            f"With **{percent(accuracy)}** of MNIST's 10,000 test digits read correctly, this model does better than "
            f"{len(below)} of the other {len(rungs) - 1}."
        )
    rungs.sort(key=lambda rung: rung[1])
    st.html(bars.named_bars([_bar(*rung) for rung in rungs], "Misread test digits", TRAINING, _OWN))
    st.caption(
        "Misread of 10,000 test digits: shorter is better. The bars count powers of ten: a bar that is shorter by a "
        "quarter of the full width means a tenth of the mistakes."
    )
    st.markdown(_sources())
    frame.show_code(measure, read_by_mean, read_by_neighbours)


def _test_accuracy(model: ModelChoice) -> float | None:
    if not is_run_id(model.name):
        return float(builtin_record(model.name)["test_accuracy"])
    result = resources.store().run(model.name).result
    return None if result is None else float(result["test_accuracy"])


def _why_untested(model: ModelChoice) -> str:
    run = resources.store().run(model.name)
    if run.state == "finished":
        return (
            "As a trial of a sweep this run was not tested, so it has no place on the ladder yet. Train it for more "
            "epochs, and it will be tested."
        )
    return "This run was stopped before its test, so it has no place on the ladder yet. Resume it on Train."


def _bar(name: str, accuracy: float) -> tuple[str, float, str]:
    misread = round(10_000 * (1 - accuracy))
    return name, math.log10(max(misread, 1)) / 4, f"{misread:,} ({percent(accuracy)})"


def _sources() -> str:
    from mnistlab.baselines import RECORDS, load_baselines

    simple = [f"- {baseline.name}: {baseline.about}" for baseline in load_baselines()]
    lines = [f"- {record.name}: {record.source}, [{record.link.split('//')[1]}]({record.link})" for record in RECORDS]
    return (
        "Measured by `python -m mnistlab.baselines`, with all 60,000 training digits:\n\n"
        + "\n".join(simple)
        + "\n\nPublished:\n\n"
        + "\n".join(lines)
    )
