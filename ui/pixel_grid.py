"""A picture with its value written on each pixel, as an HTML grid: 784 cells, on screen in a tenth of a second.

It is a component of its own because `st.html` sanitises all cells first, and loses the grid's scroll position.
"""

import html

import streamlit as st

from mnistlab.pixels import Picture, needs_white_text
from ui.palette import VALIDATION
from ui.pixel_scale import Scale, diverging, grey, is_dark, number

_SIDE = 28
_WIDEST, _NARROWEST = 760, 640  # CSS pixels; below, the numbers are too small to read and the grid scrolls instead
_LARGE, _SMALL = 0.45, 0.38  # size of the numbers in sides of a cell: up to four characters, and more

_CSS = f"""
.pixels {{ position: relative; container-type: inline-size; padding-bottom: 1.9rem;
           --wide: clamp({_NARROWEST}px, 100cqw, {_WIDEST}px); }}
.pixels .scroll {{ overflow-x: auto; overflow-y: hidden; }}
.pixels .grid {{ display: grid; grid-template-columns: repeat(29, calc(var(--wide) / 29)); width: var(--wide);
                 grid-auto-rows: calc(var(--wide) / 29);
                 line-height: calc(var(--wide) / 29); text-align: center; white-space: nowrap;
                 font-size: calc(var(--wide) / 29 * var(--share)); font-variant-numeric: tabular-nums; }}
.pixels .grid > * {{ font-style: normal; }}
.pixels b {{ font-weight: 400; opacity: 0.65; }}
.pixels .row {{ position: sticky; left: 0; z-index: 1; opacity: 1; background: var(--st-background-color);
                color: color-mix(in srgb, var(--st-text-color) 65%, transparent); }}
.pixels i {{ background: #000; color: #8a8a8a; cursor: crosshair; }}
.pixels .w {{ color: #fff; }}
.pixels .k {{ color: #000; }}
.pixels i:is(:hover, .tapped) {{ box-shadow: inset 0 0 0 2px {VALIDATION}; }}
.pixels i:is(:hover, .tapped)::after {{ content: attr(data-t); }}
.pixels .hint, .pixels i:is(:hover, .tapped)::after {{ position: absolute; left: 0; bottom: 0; font-size: 0.95rem;
                                                       line-height: 1.6; opacity: 0.85; }}
.pixels i:is(:hover, .tapped)::after {{ color: var(--st-text-color); opacity: 1; font-weight: 600; }}
.pixels:has(i:is(:hover, .tapped)) .hint {{ visibility: hidden; }}
.pixels .narrow {{ display: none; }}
@container (max-width: {_NARROWEST - 1}px) {{
  .pixels .narrow {{ display: inline; }}
  .pixels .wide {{ display: none; }}
}}
"""
_SCRIPT = """
export default function pixels({ data, parentElement }) {
  const root = parentElement.querySelector(".pixels");
  if (root.shown === data) return;
  const before = root.querySelector(".scroll");
  const [scrolled, isFocused] = [before?.scrollLeft, before !== null && before === document.activeElement];
  root.innerHTML = data;
  const box = root.querySelector(".scroll");
  if (isFocused) box.focus({ preventScroll: true });
  box.scrollLeft = scrolled ?? (box.scrollWidth - box.clientWidth) / 2;  // digits are in the middle
  root.shown = data;
  // Where there is something to scroll to, its arrow keys scroll, and do not go to the next image.
  box.onkeydown = (event) => { if (box.scrollWidth > box.clientWidth) event.stopPropagation(); };
  // A finger has nothing to hover with: some browsers pretend that it does, others only over what can be pressed.
  root.onpointerdown = root.onpointerover = (event) => {
    root.querySelector(".tapped")?.classList.remove("tapped");
    if (event.pointerType !== "mouse") event.target.closest("i")?.classList.add("tapped");
  };
}
"""
_mount = st.components.v2.component(
    "mnistlab_pixels", html='<div class="pixels"></div>', css=_CSS, js=_SCRIPT, isolate_styles=False
)
_HINT = (
    '<span class="wide">Point at a pixel, or tap it: row, column and value.</span>'
    '<span class="narrow">Swipe for the rest; tap a pixel for its value.</span>'
)


def pixel_grid(picture: Picture, scale: Scale, label: str, is_difference: bool = False) -> str:
    """HTML of a picture's values, with row and column numbers at its edges.

    Args:
        picture: (28, 28) float32 in [0, 1], or in [-1, 1] for a difference.
        scale: the scale that the values are written in.
        label: what the picture is, read aloud instead of 784 numbers.
        is_difference: written with signs, orange above and blue below zero.
    """
    colours = diverging(picture) if is_difference else grey(picture)
    white = is_dark(colours) if is_difference else needs_white_text(picture)
    texts = [[number(float(value), scale, is_difference) for value in values] for values in picture]
    share = _LARGE if max(len(text) for line in texts for text in line) <= 4 else _SMALL
    cells = ['<b class="row"></b>', *(f"<b>{column}</b>" for column in range(_SIDE))]
    for row in range(_SIDE):
        cells.append(f'<b class="row">{row}</b>')
        for column in range(_SIDE):
            colour = bytes(colours[row, column]).hex()
            cells.append(_cell(row, column, texts[row][column], colour, bool(white[row, column])))
    label = html.escape(label, quote=True)
    grid = f'<div class="grid" style="--share:{share}" role="img" aria-label="{label}">{"".join(cells)}</div>'
    return f'<div class="scroll" tabindex="0">{grid}</div><div class="hint">{_HINT}</div>'


def show(grid: str, key: str) -> None:
    """Put a grid on the page."""
    _mount(key=key, data=grid)


def _cell(row: int, column: int, text: str, colour: str, is_white: bool) -> str:
    tip = f' data-t="row {row}, column {column}: {text}"'
    if colour == "000000":
        return f"<i{tip}>{text}</i>"
    return f'<i class="{"w" if is_white else "k"}" style="background:#{colour}"{tip}>{text}</i>'
