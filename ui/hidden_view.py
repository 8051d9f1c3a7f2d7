"""The hidden layer as a map: a thousand digits, each at its place, to hover over and to click on."""

import html
import zlib

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.data import Split
from mnistlab.figures import percent
from ui import depth_links, evaluations, frame, gallery, mosaic, splits
from ui.address import Address
from ui.models import ModelChoice

_OF = ("hidden layer", "pixels")
# Ten colours that can be told apart on black; the digits are written as well, so that nothing depends on colour alone.
_COLOURS = (
    "#56B4E9",
    "#E69F00",
    "#009E73",
    "#F0E442",
    "#CC79A7",
    "#D55E00",
    "#4C9BFF",
    "#B0B0B0",
    "#FF9DA7",
    "#8CD17D",
)
_MARGIN = 2.5  # percent of the map left free at its edges
_ONE_SPOT = "All lie on one spot: the hidden layer answers all of them alike, so the network cannot tell them apart."
_LARGE = 96  # CSS pixels of the digit that is hovered over

_STYLE = f"""
<style>
.map {{ position: relative; width: 100%; max-width: 660px; aspect-ratio: 1; background: #000; border-radius: 4px; }}
.map a {{ position: absolute; transform: translate(-50%, -50%); font-size: 11px; line-height: 1; font-weight: 600;
          text-decoration: none !important; padding: 2px; }}
.map a.wrong {{ outline: 2px dashed #fff; border-radius: 2px; z-index: 1; }}
.map a i {{ display: none; position: absolute; left: 16px; top: -{_LARGE // 2}px; width: {_LARGE}px; height: {_LARGE}px;
            image-rendering: pixelated; border: 2px solid #fff; border-radius: 4px; background-color: #000;
            pointer-events: none; }}
.map a.left i {{ left: auto; right: 16px; }}
.map a:hover, .map a:focus-visible {{ z-index: 3; }}
.map a:hover i, .map a:focus-visible i {{ display: block; }}
.map span {{ position: absolute; color: #aaa; font-size: 11px; bottom: 3px; right: 6px; pointer-events: none; }}
.map span.up {{ writing-mode: vertical-rl; transform: rotate(180deg); left: 2px; right: auto; top: 6px; bottom: auto; }}
@media (max-width: 640px) {{ .map a {{ font-size: 9px; padding: 1px; }} }}
</style>
"""
_AXES = "<span>first principal component \N{RIGHTWARDS ARROW}</span>"
_AXES += '<span class="up">second principal component \N{RIGHTWARDS ARROW}</span>'


def show(model: ModelChoice, split_name: str, address: Address) -> None:
    """Draw the view."""
    from mnistlab.hidden import Map, has_hidden_layer, hidden_features

    predictor = model.predictor
    of = address.buttons("Map of", _OF, "evaluate_map", "map")
    is_hidden = of == _OF[0]
    if is_hidden and not has_hidden_layer(predictor.network):
        st.info("This network has no hidden layer. Its map is that of the pixels.")
        is_hidden = False
    shown, places, found = evaluations.hidden_map(model, split_name, of == "pixels")
    predicted = predictor.probabilities(shown.images).argmax(axis=1)
    wrong = int((predicted != shown.labels).sum())
    puts = "the hidden layer puts" if is_hidden else "its pixels put"
    st.markdown(
        f"{splits.digits(len(shown), split_name)}, each where {puts} it: what is alike lies close together. Dashed "
        f"frames mark the misread ones, {wrong:,} here. Point at a digit to see it, click to see why."
    )
    origins = [splits.origin(split_name, int(place), predictor.config) for place in places]
    links = [depth_links.address(*origin, model.name) for origin in origins]
    content = _map(shown, found.points, predicted, links)
    gallery.open_picked(content, "evaluate_mapped", origins)
    st.caption(_about_axes(found.shares) if sum(found.shares) or len(shown) < 2 else _ONE_SPOT)
    frame.show_code(hidden_features, Map)


def _map(shown: Split, points: npt.NDArray[np.float32], predicted: npt.NDArray[np.int64], links: list[str]) -> str:
    """HTML for `picking.pick`: each digit as a character of its label, with its picture on hover."""
    sheet = mosaic.sprite(shown.images)
    name = f"map{zlib.crc32(sheet.encode()):x}"
    size = f"background-size:{mosaic.PER_ROW * _LARGE}px auto"
    low, high = points.min(axis=0), points.max(axis=0)
    spread = np.where(high > low, high - low, 1)
    across, up = (_MARGIN + (100 - 2 * _MARGIN) * (points - low) / spread).T
    digits = []
    for index, (label, read) in enumerate(zip(shown.labels, predicted, strict=True)):
        row, column = divmod(index, mosaic.PER_ROW)
        kinds = " ".join(kind for kind, holds in (("wrong", label != read), ("left", across[index] > 75)) if holds)
        tip = f"predicted {read} (true {label})"
        digits.append(
            f'<a href="{html.escape(links[index])}" target="_self" data-pick="{index}" class="{kinds}" title="{tip}" '
            f'style="left:{across[index]:.1f}%;bottom:{up[index] - 1:.1f}%;color:{_COLOURS[label]}">{label}'
            f'<i style="background-position:-{column * _LARGE}px -{row * _LARGE}px"></i></a>'
        )
    rule = f".{name} i {{ background-image: url({sheet}); {size}; }}"
    return f'{_STYLE}<style>{rule}</style><div class="map {name}">{"".join(digits)}{_AXES}</div>'


def _about_axes(shares: tuple[float, float]) -> str:
    """Explain the map's two axes, and what they leave out."""
    return (
        f"Across: the first principal component, {percent(shares[0], 0)} of the variance. Upwards: the "
        f"second, {percent(shares[1], 0)}. The rest cannot be shown on a plane: what lies close together here "
        "may be far apart in other directions. Compare the hidden layer with the pixels: what has the network pulled "
        "apart?"
    )
