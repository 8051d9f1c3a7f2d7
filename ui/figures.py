"""Pictures in a row, each with a name below it."""

import html
from collections.abc import Sequence

from ui.pixel_scale import Colours, data_address

_STYLE = """
<style>
.figures { display: flex; flex-wrap: wrap; gap: 0.7rem 0.8rem; }
.figures figure { margin: 0; font-size: 0.85rem; line-height: 1.3; text-align: center; }
.figures img { width: 100%; image-rendering: pixelated; border-radius: 3px; display: block; }
</style>
"""


def row(pictures: Sequence[tuple[Colours, str]], width: int) -> str:
    """HTML of pictures (H, W, 3) uint8, each `width` CSS pixels wide, with their captions."""
    figures = [
        f'<figure style="width:{width}px"><img src="{data_address(colours)}" alt="{html.escape(caption, quote=True)}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for colours, caption in pictures
    ]
    return f'{_STYLE}<div class="figures">{"".join(figures)}</div>'
