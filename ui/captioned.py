"""Pictures in a row, each with a name below it."""

import html
from collections.abc import Sequence

from ui.pixel_scale import Colours, data_address

_FEW = 3  # pictures that stay in one row, smaller on a phone

_STYLE = """
<style>
.figures { display: flex; flex-wrap: wrap; gap: 0.7rem 0.8rem; }
.figures.few { flex-wrap: nowrap; }
.figures figure { margin: 0; font-size: 0.85rem; line-height: 1.3; text-align: center; }
.figures img { width: 100%; image-rendering: pixelated; border-radius: 3px; display: block; }
</style>
"""


def row(pictures: Sequence[tuple[Colours, str]], width: int) -> str:
    """HTML of pictures (H, W, 3) uint8, each `width` CSS pixels wide, with their captions."""
    escaped = [(data_address(colours), html.escape(caption, quote=True)) for colours, caption in pictures]
    figures = [
        f'<figure style="flex:0 1 {width}px"><img src="{source}" alt="{caption}">'
        f"<figcaption>{caption}</figcaption></figure>"
        for source, caption in escaped
    ]
    kind = "figures few" if len(pictures) <= _FEW else "figures"
    return f'{_STYLE}<div class="{kind}">{"".join(figures)}</div>'
