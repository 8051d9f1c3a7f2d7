""" "Take it home": export a run or a built-in model as a file, made only when its button is pressed."""

from collections.abc import Callable

import streamlit as st

from mnistlab import export
from mnistlab.builtin import builtin_names
from mnistlab.curve import Curve
from mnistlab.export.script import script_problem
from mnistlab.export.source import end_problem, outline_of_builtin, outline_of_run
from mnistlab.store import Store
from ui import resources

# For each format: what the button says, and what it is good for.
_FORMATS = {
    "archive": ("Whole run (.zip)", "Weights, curves, settings and answers. Another lab takes it in as a run."),
    "report": ("Report (.html)", "Curves, digits, mistakes and settings on one page, which opens offline."),
    "script": ("PyTorch script (.py)", "At most 60 lines of plain PyTorch that take the same steps."),
    "safetensors": ("Weights (.safetensors)", "For PyTorch and others; the settings are in its header."),
    "onnx": ("Network (.onnx)", "For any other runtime: pixels (batch, 28, 28) in, logits (batch, 10) out."),
    "tensorboard": ("TensorBoard events", "Put it into a folder of its own: tensorboard --logdir FOLDER."),
}
_OF_FINISHED = {"archive": "a zip", "report": "a report"}
_NO_WEIGHTS = "It has no weights: it failed before the end of its first epoch."


def show(name: str) -> None:
    """Offer a run that is over, or a built-in model, in every format that can hold it."""
    store = resources.store()
    problems = _problems(name, store)
    with st.popover("Take it home"):
        for kind, (label, about) in _FORMATS.items():
            problem = problems.get(kind)
            st.download_button(
                label,
                _maker(name, kind, store),
                file_name=_file_name(name, kind),
                key=f"take_{kind}_{name}",
                help=problem or about,
                disabled=problem is not None,
                on_click="ignore",
                width="stretch",
            )


def _maker(name: str, kind: str, store: Store) -> Callable[[], bytes]:
    return lambda: export.export(name, kind, store).content


def _file_name(name: str, kind: str) -> str:
    if kind == "tensorboard":  # TensorBoard recognises it by this name
        return f"events.out.tfevents.0.{name}"
    return f"mnistlab-{name}{export.FORMATS[kind]}"


def _problems(name: str, store: Store) -> dict[str, str | None]:
    """For each format, why it cannot hold this run, None if it can; formats not listed always can."""
    if name in builtin_names():
        return {"script": script_problem(outline_of_builtin(name))}
    run = store.run(name)
    # The curve, which takes time to read, is needed only to check a schedule.
    curve = Curve.from_rows([]) if run.config.train.schedule == "constant" else resources.curves().of(run)
    has_weights = store.weights_step(run.id) is not None
    return {
        **({} if has_weights else dict.fromkeys(export.OF_WEIGHTS, _NO_WEIGHTS)),
        **{kind: end_problem(run.id, run.state, run.result, what) for kind, what in _OF_FINISHED.items()},
        "script": script_problem(outline_of_run(run, curve)),
    }
