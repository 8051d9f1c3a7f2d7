"""The pictures of the Model page: the layer table, initial weights, the answers of a new network, its gradients."""

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.config import Activation, ModelConfig
from mnistlab.figures import percent, round_to_two
from ui import bars, mosaic, resources, untrained_facts
from ui.palette import NEUTRAL, TRAINING
from ui.pixel_scale import diverging_address

if TYPE_CHECKING:
    from mnistlab.layers import Layer
    from mnistlab.probes import GradientSize

_PER_ROW = 10
_WEIGHTS_WIDTH = 620  # CSS pixels of a full row of weight pictures, at most
_SMALLEST = 1e-8  # gradient at the left end of a bar; the right end is 0.1
_TABLE_STYLE = """
<style>
.layers { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; width: 100%;
          max-width: 46rem; }
.layers th, .layers td { text-align: right; padding: 0.25rem 0.4rem; border-bottom: 1px solid rgba(127,127,127,0.25); }
.layers th:first-child, .layers td:first-child { text-align: left; overflow-wrap: anywhere; }
.layers tr:last-child { font-weight: 600; }
@media (max-width: 640px) { .layers { font-size: 0.75rem; } }
</style>
"""


def _short(source: str) -> str:
    """A layer's source, without the arguments that its shape already shows."""
    start, cut, _ = source.removeprefix("nn.").partition(", kernel")
    return f"{start})" if cut else start


def layer_table(layers: Sequence["Layer"]) -> str:
    """Each layer with its shape, parameters and multiply-adds for one image; the totals last."""
    rows = [
        (
            _short(layer.source),
            "\N{MULTIPLICATION SIGN}".join(map(str, layer.shape)),
            f"{layer.num_parameters:,}" if layer.num_parameters else "",
            f"{layer.num_multiply_adds:,}" if layer.num_multiply_adds else "",
        )
        for layer in layers
    ]
    totals = [sum(layer.num_parameters for layer in layers), sum(layer.num_multiply_adds for layer in layers)]
    rows.append(("Total", "", f"{totals[0]:,}", f"{totals[1]:,}"))
    head = "".join(f"<th>{name}</th>" for name in ("Layer", "Result", "Parameters", "Multiply-adds"))
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'{_TABLE_STYLE}<table class="layers"><tr>{head}</tr>{body}</table>'


def show_weights(config: ModelConfig, seed: int) -> None:
    """Show the incoming weights of the first neurons, each as the picture it looks for."""
    weights = untrained_facts.first_answers(config, seed).weights
    largest = float(np.abs(weights).max())
    st.html(weights_picture(weights))
    each = "It" if len(weights) == 1 else "Each"
    if weights.shape[1] == 28:
        shown = f"{_first(len(weights), 'neuron')} of the first layer"
        what = f"{shown}. {each} has one weight for each of the 784 pixels"
        later = "After training you can see strokes here."
    else:
        shown = _first(len(weights), "channel")
        what = f"{shown}. {each} has 3 x 3 weights and slides them over the whole picture"
        later = "After training, some of them look for edges."
    st.caption(
        f"{what}. Ink on an orange weight excites the neuron, ink on a blue one quiets it; a black weight is 0. The "
        f"brightest weight here is {largest:.3f}. All are random so far. {later}"
    )


def _first(number: int, noun: str) -> str:
    return f"The only {noun}" if number == 1 else f"The first {number} {noun}s"


def weights_picture(weights: npt.NDArray[np.float32], per_row: int = _PER_ROW) -> str:
    """HTML of the weights (N, S, S) of N neurons; the largest is the brightest."""
    sheet = _sheet(weights / max(float(np.abs(weights).max()), 1e-12), per_row)
    full_row = per_row * _step(weights.shape[1])
    width = max(1, _WEIGHTS_WIDTH // full_row) * sheet.shape[1]  # whole screen pixels for each weight
    return (
        f'<img src="{diverging_address(sheet)}" alt="weights of {len(weights)} neurons" '
        f'style="width:100%;max-width:{width}px;image-rendering:pixelated">'
    )


def _sheet(pictures: npt.NDArray[np.float32], per_row: int) -> npt.NDArray[np.float32]:
    """(N, S, S) -> (H, W): arranged in rows, with gaps of NaN between them."""
    side = pictures.shape[1]
    step, rows = _step(side), -(-len(pictures) // per_row)
    columns = min(len(pictures), per_row)
    sheet = np.full((rows * step - step + side, columns * step - step + side), np.nan, np.float32)
    for index, picture in enumerate(pictures):
        row, column = (place * step for place in divmod(index, per_row))
        sheet[row : row + side, column : column + side] = picture
    return sheet


def _step(side: int) -> int:
    """The distance from one picture's edge to the next one's, in its pixels."""
    return side + max(1, side // 9)


def show_answers(config: ModelConfig, seed: int) -> None:
    """Show the answers of a network that has learned nothing, and why its loss is near ln 10."""
    found = untrained_facts.first_answers(config, seed)
    probabilities, source = found.probabilities, resources.dataset().source
    images, labels = source.images[: len(probabilities)], source.labels[: len(probabilities)]
    read, accuracy = probabilities.argmax(axis=1), float((probabilities.argmax(axis=1) == labels).mean())
    captions = [f"{digit} ({label})" for digit, label in zip(read[:10], labels[:10], strict=True)]
    with st.container(horizontal=True, gap="large"):
        with st.container(width=330):
            st.html(mosaic.mosaic(images[:10], captions, correct=list(read[:10] == labels[:10]), per_row=5))
            st.caption("Ten training images. Below each: what the network reads and, in brackets, what it is.")
        with st.container(width=330):
            st.markdown("How likely it thinks each digit is, for the first picture:")
            st.html(bars.probability_bars([float(share) for share in probabilities[0]]))
    st.markdown(
        f"On the first {len(images):,} training images its loss is **{found.loss:.3f}** and its accuracy "
        f"{percent(accuracy, 1)}. The loss of an image, its cross-entropy, is the negative logarithm of the "
        "probability given to its true digit. Guessing gives each of the ten digits 1/10: the loss is then "
        f"\N{MINUS SIGN}ln(1/10) = ln 10 = **{math.log(10):.3f}**, and one guess in ten is right. A new network with "
        "a far higher loss is sure of something it cannot know."
    )


def show_gradients(config: ModelConfig, seed: int) -> None:
    """Show the size of one batch's gradient in each layer, with sigmoid and with ReLU, side by side."""
    activations: tuple[Activation, ...] = ("sigmoid", "relu")
    if config.activation not in activations:
        activations = (*activations, config.activation)
    for column, activation in zip(st.columns(len(activations), gap="medium"), activations, strict=True):
        sizes = untrained_facts.gradients(config.model_copy(update={"activation": activation}), seed)
        with column:
            st.markdown(f"**{_NAMES[activation]}**" + (" (yours)" if activation == config.activation else ""))
            colour = TRAINING if activation == config.activation else NEUTRAL
            st.html(bars.named_bars([_bar(size) for size in sizes], f"Gradients with {activation}", colour))
            if len(sizes) > 1:
                st.caption(_compare(sizes[0].mean, sizes[-1].mean))


_NAMES = {"sigmoid": "Sigmoid", "relu": "ReLU", "tanh": "Tanh", "gelu": "GELU", "none": "None"}


def _bar(size: "GradientSize") -> tuple[str, float, str]:
    """A bar whose length counts powers of ten."""
    share = math.log10(max(size.mean, _SMALLEST) / _SMALLEST) / -math.log10(_SMALLEST * 10)
    return size.layer, share, _plainly(size.mean)


def _plainly(number: float) -> str:
    """A number to two significant digits, without an exponent."""
    return f"{number:.{max(0, 1 - math.floor(math.log10(number)))}f}" if number >= _SMALLEST else "0"


def _compare(first: float, last: float) -> str:
    if first == 0:
        return "Nothing reaches layer 1: it cannot learn."
    ratio = last / first
    if ratio < 1.5:
        return "Layer 1 hears as much as the output layer."
    return f"Layer 1 hears {round_to_two(ratio):,.0f} times less than the output layer."
