"""Why this answer? The drawing stage by stage, each with the answers it would get, and a switch for each stage."""

import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from mnistlab.figures import certainty
from mnistlab.ink import FloatImage, FramingOptions
from mnistlab.stages import Stage, stages
from ui.answers import picture
from ui.models import ModelChoice

_STYLE = """
<style>
.stages { display: flex; flex-wrap: wrap; gap: 1rem 1.2rem; }
.stages figure { margin: 0; width: 8.6rem; font-size: 0.85rem; line-height: 1.4; }
.stages img { width: 112px; height: 112px; display: block; background: #000; image-rendering: pixelated;
  border-radius: 3px; }
.stages .off { opacity: 0.45; }
.stages strong { display: block; font-size: 0.95rem; margin-bottom: 0.3rem; }
.stages ul { list-style: none; margin: 0.35rem 0; padding: 0; }
.stages li { margin: 0; padding: 0; font-size: 0.85rem; }
</style>
"""


def show(key: str, ink: FloatImage, models: Sequence[ModelChoice]) -> None:
    """Show switches for the steps, and the stages of this ink (H, W) with each model's reading of them."""
    options = _switches(key)
    found = stages(ink, options)
    images = np.stack([stage.image for stage in found])
    read = [model.predictor.probabilities(images) for model in models]
    figures = [
        _figure(stage, [(model.short, answers[number]) for model, answers in zip(models, read, strict=True)])
        for number, stage in enumerate(found)
    ]
    st.html(f'{_STYLE}<div class="stages">{"".join(figures)}</div>')
    best = {int(answers[-1].argmax()) for answers in read}
    if any(int(answers[0].argmax()) not in best for answers in read):
        st.caption("A plain resize would have been read as another digit: the steps after it make the difference.")
    st.caption(
        "MNIST's digits went through the same steps, so a network expects them. Still misread with all of them on? "
        "Then the shape itself is nearer to other digits that it has learned from."
    )


def _switches(key: str) -> FramingOptions:
    with st.container(horizontal=True):
        chosen = {
            name: st.toggle(
                field.title or name,
                bool(field.default),
                key=f"{key}_{name}",
                persist_state="session",
                help=field.description,
            )
            for name, field in FramingOptions.model_fields.items()
        }
    return FramingOptions(**chosen)


def _figure(stage: Stage, read: Sequence[tuple[str, np.ndarray]]) -> str:
    lines = "".join(
        f"<li><b>{int(shares.argmax())}</b>, {certainty(float(shares.max()), 1)}"
        + (f" <small>{html.escape(name)}</small>" if len(read) > 1 else "")
        + "</li>"
        for name, shares in read
    )
    off = "" if stage.is_on else " (off)"
    shown = picture(stage.image, f"{stage.name}: the 28 x 28 picture")
    return (
        f'<figure class="{"" if stage.is_on else "off"}"><strong>{html.escape(stage.name)}{off}</strong>'
        f"{shown}<ul>{lines}</ul>{html.escape(stage.about)}</figure>"
    )
