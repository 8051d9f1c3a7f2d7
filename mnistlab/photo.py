"""A photo or file of a digit on paper becomes ink, as a pad would have given it.

    ink = read_photo(content)               # PNG, JPEG or WebP bytes -> (H, W) float32 in [0, 1]
    framing = frame_ink(ink)

Whatever the bytes hold, the answer is ink or an ImageError. Size is checked before anything is decoded.
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from mnistlab.errors import EmptyDrawingError, ImageError
from mnistlab.ink import FloatImage, find_ink
from mnistlab.pieces import is_inked, label_pieces

MAX_BYTES = 5_000_000  # as much as the lab's server takes
MAX_PIXELS = 25_000_000  # 75 MB once decoded; a phone's photo has 12 million
FORMATS = ("PNG", "JPEG", "WEBP")
_SIDE = 400  # pixels of the longer side that is looked at: ten times what is kept of it
# Ink differs from the paper around it by at least so much of full brightness: more than a grainy paper does from
# itself, less than pencil. Chosen on drawn photos (tests/test_photo.py), not on those of a camera.
_FAINTEST = 0.1
_SPECK = 0.04  # of the largest piece's area; smaller ones are dust
_TOO_MANY = (
    f"The picture has {{}} pixels; at most {MAX_PIXELS // 1_000_000} million are read. "
    "Take a smaller photo, or cut out the digit."
)
_PAPER_GRID = 12  # the paper's brightness is followed over so many patches on each side


def read_photo(content: bytes) -> FloatImage:
    """Find the ink in a picture file: dark on light or light on dark, evenly lit or in a shadow.

    Returns:
        (H, W) float32 in [0, 1], the longer side at most 400 pixels.

    Raises:
        ImageError: no PNG, JPEG or WebP, damaged, or larger than 5 MB or 25 million pixels.
        EmptyDrawingError: nothing stands out from the paper.
    """
    rgba = _decode(content)
    if np.median(rgba[..., 3]) < 128:  # a drawing on a transparent ground needs no paper removed
        return find_ink(rgba)
    # Weights of red, green and blue in perceived brightness; source: ITU-R BT.601.
    grey = rgba[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    return _without_dust(_ink_on_paper(grey))


def _decode(content: bytes) -> npt.NDArray[np.uint8]:
    """The picture, upright, (H, W, 4) uint8 with its longer side at most 400 pixels."""
    if len(content) > MAX_BYTES:
        raise ImageError(f"The file has {len(content) / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read.")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_pixels(*picture.size)
            picture.draft("RGB", (2 * _SIDE, 2 * _SIDE))  # a JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(picture.convert("RGBA"))
            upright.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
            return np.asarray(upright)
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_TOO_MANY.format("more than 89 million")) from error
    except Exception as error:  # foreign bytes: whatever a decoder stumbles over, the file is at fault
        raise ImageError("This is not a picture that can be opened. Give a PNG, JPEG or WebP file.") from error


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(_TOO_MANY.format(f"{width} x {height}"))


def _ink_on_paper(grey: FloatImage) -> FloatImage:
    """How far each pixel is from the paper around it towards the ink, where ink's middle is 1."""
    smooth = _blurred(grey, 1)
    away = smooth - _blurred(smooth, max(grey.shape) / 6)
    # Ink is little and differs much, paper is much and differs little: the longer tail is ink.
    if (away**3).sum() > 0:
        smooth = 1 - smooth
    difference = np.clip(_paper(smooth) - smooth, 0, 1)
    threshold = _otsu(difference)
    strongest = float(np.median(difference[difference > threshold])) if (difference > threshold).any() else 0.0
    if strongest < _FAINTEST:
        raise EmptyDrawingError("Nothing stands out from the paper. Write one digit with a dark pen, and come closer.")
    low, high = 0.6 * threshold, max(strongest, 1.2 * threshold)
    ink: FloatImage = np.clip((difference - low) / (high - low), 0, 1).astype(np.float32)
    return ink


def _blurred(grey: FloatImage, radius: float) -> FloatImage:
    """The mean around each pixel; in 255 levels, because Pillow blurs no floats."""
    levels = Image.fromarray(np.round(np.clip(grey, 0, 1) * 255).astype(np.uint8))
    return np.asarray(levels.filter(ImageFilter.BoxBlur(radius)), np.float32) / np.float32(255)


def _paper(grey: FloatImage) -> FloatImage:
    """The brightness of light paper below dark ink: the bright end of each patch, smoothly joined."""
    height, width = grey.shape
    rows, columns = (min(_PAPER_GRID, length) for length in (height, width))
    patches = np.array(
        [
            [np.percentile(patch, 90) for patch in np.array_split(band, columns, axis=1)]
            for band in np.array_split(grey, rows, axis=0)
        ],
        np.float32,
    )
    # A patch that lies in a thick stroke takes the paper of its neighbours.
    lit = Image.fromarray(_blurred(_local_maximum(patches), 1))
    return np.asarray(lit.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def _local_maximum(patches: FloatImage) -> FloatImage:
    around = np.pad(patches, 1, mode="edge")
    rows, columns = patches.shape
    shifted = [around[row : row + rows, column : column + columns] for row in range(3) for column in range(3)]
    highest: FloatImage = np.max(shifted, axis=0).astype(np.float32)
    return highest


def _otsu(values: FloatImage) -> float:
    """The threshold that parts values in [0, 1] into the two most different groups.

    Source: Otsu, "A threshold selection method from gray-level histograms", 1979.
    """
    counts, edges = np.histogram(values, 256, (0, 1))
    middles = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts), np.cumsum(counts * middles)
    above, all_sum = below[-1] - below, sums[-1]
    between = np.zeros(256)
    ok = (below > 0) & (above > 0)
    between[ok] = below[ok] * above[ok] * (sums[ok] / below[ok] - (all_sum - sums[ok]) / above[ok]) ** 2
    return float(edges[1:][between.argmax()])


def _without_dust(ink: FloatImage) -> FloatImage:
    """Leave out specks, and what runs over the picture's edge (a table, a shadow) if anything else is left."""
    labelled, found = label_pieces(is_inked(ink))
    height, width = ink.shape
    inside = [
        number
        for number, piece in enumerate(found, start=1)
        if piece.top > 0 and piece.left > 0 and piece.bottom < height and piece.right < width
    ]
    largest = max((found[number - 1].area for number in inside), default=0)
    kept = [number for number in inside if found[number - 1].area >= _SPECK * largest]
    if largest < _SPECK * max((piece.area for piece in found), default=0):
        return ink  # all of the digit runs over the edge
    wanted = np.isin(labelled, kept)
    # A pixel or two of soft edge belong to a piece.
    near = np.asarray(Image.fromarray(wanted).convert("L").filter(ImageFilter.MaxFilter(5))) > 0
    return np.where(near, ink, np.float32(0)).astype(np.float32)
