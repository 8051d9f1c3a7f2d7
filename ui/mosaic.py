"""Many digits as one picture: a single CSS sprite, so that 200 digits appear in a tenth of a second."""

import html
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from ui.palette import CORRECT, WRONG
from ui.pixel_scale import png_address

_GAP = 0.45  # rem between two digits of a row
PER_ROW = 20  # digits in a row of the sprite, which is independent of the rows on the page

_STYLE = f"""
<style>
.digits {{ display: flex; flex-wrap: wrap; gap: 0.6rem {_GAP}rem; }}
.digits figure {{ margin: 0; text-align: center; font-size: 0.85rem; line-height: 1.3;
                  font-variant-numeric: tabular-nums; }}
.digits i {{ display: block; box-sizing: content-box; image-rendering: pixelated; border-radius: 3px;
             background-color: #000; }}
.digits a {{ display: block; border-radius: 3px; }}
.digits .right i {{ outline: 3px solid {CORRECT}; outline-offset: 1px; }}
.digits .wrong i {{ outline: 3px dashed {WRONG}; outline-offset: 1px; }}
/* The frames stand 4 px out, where a tab would cut them off. */
.digits:has(.right, .wrong) {{ padding: 4px; box-sizing: content-box; }}
.digits .right figcaption, .digits .wrong figcaption {{ margin-top: 5px; font-weight: 600; }}
</style>
"""


def mosaic(
    images: npt.NDArray[np.uint8],
    captions: Sequence[str],
    tips: Sequence[str] | None = None,
    correct: Sequence[bool] | None = None,
    side: int = 58,
    per_row: int | None = 10,
    links: Sequence[str] | None = None,
) -> str:
    """HTML of digits with captions.

    Args:
        images: (N, 28, 28) uint8.
        captions: N texts shown below the digits.
        tips: N texts to show on hover and to read aloud (default: the captions).
        correct: for N predictions, whether each is right, shown by a mark, a colour and a line style.
        side: CSS pixels of a digit's side.
        per_row: at most so many digits in a row of the page; None for as many as there is room for.
        links: N URLs that the digits lead to; `ui.picking` follows them without reloading the page.
    """
    tips = captions if tips is None else tips
    sheet = f"url({sprite(images)})"
    columns = min(PER_ROW, max(1, len(images)))
    figures = [
        _figure(index, caption, tip, None if correct is None else correct[index], side, links)
        for index, (caption, tip) in enumerate(zip(captions, tips, strict=True))
    ]
    sizes = f"width:{side}px;height:{side}px;background-image:{sheet};background-size:{columns * side}px auto"
    # One rule for the sprite, named after its content: two mosaics on a page must not share it.
    name = f"sheet{zlib.crc32(sheet.encode()):x}"
    width = f"max-width:calc({per_row * side}px + {(per_row - 1) * _GAP}rem)" if per_row else ""
    return (
        f"{_STYLE}<style>.{name} i {{{sizes}}}</style>"
        f'<div class="digits {name}" style="{width}">{"".join(figures)}</div>'
    )


def _figure(index: int, caption: str, tip: str, is_correct: bool | None, side: int, links: Sequence[str] | None) -> str:
    row, column = divmod(index, PER_ROW)
    kind, mark = {None: ("", ""), True: ("right", "\N{CHECK MARK} "), False: ("wrong", "\N{BALLOT X} ")}[is_correct]
    place = f"background-position:-{column * side}px -{row * side}px"
    tip = html.escape(tip, quote=True)
    picture = f'<i role="img" aria-label="{tip}" style="{place}"></i>'
    if links is not None:
        address = html.escape(links[index], quote=True)
        picture = f'<a href="{address}" target="_self" data-pick="{index}">{picture}</a>'
    return (
        f'<figure class="{kind}" title="{tip}">{picture}<figcaption>{mark}{html.escape(caption)}</figcaption></figure>'
    )


def sprite(images: npt.NDArray[np.uint8]) -> str:
    """All digits side by side in rows of 20, as the data URL of one picture."""
    columns = min(PER_ROW, max(1, len(images)))
    rows = -(-max(1, len(images)) // columns)
    cells = np.zeros((rows * columns, 28, 28), np.uint8)
    cells[: len(images)] = images
    sheet = cells.reshape(rows, columns, 28, 28).swapaxes(1, 2).reshape(rows * 28, columns * 28)
    return png_address(Image.fromarray(sheet))
