"""Photos of digits on paper: shaded, grainy, in any orientation; PNG, JPEG or WebP bytes."""

import io
from typing import Any

import numpy as np
from PIL import Image

from tests.drawings import Mask


def photo(ink: Mask, light_on_dark: bool = False, shade: float = 0.4, grain: float = 0.02, **save: Any) -> bytes:
    """A photo, 720 x 900, of ink (280, 280) on paper that gets darker by `shade` to the right.

    save: format and other arguments of Pillow's save (default: JPEG).
    """
    height, width = 720, 900
    sheet = np.zeros((height, width))
    sheet[200 : 200 + ink.shape[0], 300 : 300 + ink.shape[1]] = ink
    rows, columns = np.mgrid[:height, :width] / width
    paper = 0.85 - shade * columns - 0.1 * rows
    grey = paper * (1 - sheet) + 0.15 * sheet
    grey = 1 - grey if light_on_dark else grey
    grey = np.clip(grey + np.random.default_rng(0).normal(0, grain, grey.shape), 0, 1)
    return encoded(Image.fromarray(np.round(grey * 255).astype(np.uint8)).convert("RGB"), **save)


def encoded(picture: Image.Image, **save: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, **({"format": "JPEG"} | save))
    return content.getvalue()
