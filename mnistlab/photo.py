"""Turn a photo or file of a digit on paper into ink, as a drawing pad would have given it.

    ink = read_photo(content)               # PNG, JPEG or WebP bytes -> (H, W) float32 in [0, 1]
    framing = frame_ink(ink)

Whatever the bytes are, the result is ink or an ImageError. Size is checked before anything is decoded.
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from mnistlab.errors import ImageError
from mnistlab.ink import FloatImage, brightness, find_ink, ink_on_ground, is_on_transparent
from mnistlab.paper import ink_on_paper, is_cut_out_closely

MAX_BYTES = 10_000_000  # a phone's photo has 3 to 6 MB
MAX_PIXELS = 25_000_000  # 75 MB once decoded; a phone's photo has 12 million
FORMATS = ("PNG", "JPEG", "WEBP")
_SIDE = 600  # pixels of the longer side after scaling: a digit that fills a fifth of it still has 120
_SMALLEST_SIDE = 112  # pixels it has at least: MNIST's own digits have 28
_TOO_MANY = (
    f"The picture has {{}} pixels; at most {MAX_PIXELS // 1_000_000} million are read. Take a smaller photo, or crop "
    "it to the digit."
)
_NO_PICTURE = "This is not a picture that can be opened. Give a PNG, JPEG or WebP file."
# Brands of the HEIF family in a file's first box. Source: ISO/IEC 23008-12 and the AVIF specification.
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_HEIF = (
    "This is a HEIC photo, as iPhones take them, and the lab cannot open it. Take a screenshot of it, or set the "
    "camera to Most Compatible, and give the PNG or JPEG file."
)


def read_photo(content: bytes) -> FloatImage:
    """Find the ink in a picture file: dark on light or light on dark, evenly lit or in a shadow.

    Returns:
        (H, W) float32 in [0, 1], the longer side at most 600 pixels.

    Raises:
        ImageError: it is not a PNG, JPEG or WebP file, is damaged, or is larger than 10 MB or 25 million pixels.
        EmptyDrawingError: nothing stands out from the paper.
    """
    rgba = _decode(content)
    if is_on_transparent(rgba):  # no paper has to be removed
        return find_ink(rgba)
    grey = brightness(rgba)
    return ink_on_ground(grey) if is_cut_out_closely(grey) else ink_on_paper(grey)


def _decode(content: bytes) -> npt.NDArray[np.uint8]:
    """The picture, upright, (H, W, 4) uint8 with its longer side at most 600 pixels."""
    check_size(len(content))
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        raise ImageError(_HEIF)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_pixels(*picture.size)
            picture.draft("RGB", (2 * _SIDE, 2 * _SIDE))  # a JPEG is decoded at a fraction of its size
            upright = _as_rgba(ImageOps.exif_transpose(picture))
            upright.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
            return np.asarray(_large_enough(upright))
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_TOO_MANY.format("more than 89 million")) from error
    except Exception as error:  # foreign bytes: whatever a decoder stumbles over, the file is at fault
        raise ImageError(_NO_PICTURE) from error


def check_size(num_bytes: int) -> None:
    """Check that a file is not too large to be read.

    Raises:
        ImageError: it is.
    """
    if num_bytes > MAX_BYTES:
        raise ImageError(f"The file is {num_bytes / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read.")


def _large_enough(picture: Image.Image) -> Image.Image:
    """Enlarge small pictures, in which a stroke as thin as a photo's grain would be smoothed away with it."""
    scale = _SMALLEST_SIDE / max(picture.size)
    if scale <= 1:
        return picture
    return picture.resize((round(picture.width * scale) or 1, round(picture.height * scale) or 1))


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(_TOO_MANY.format(f"{width} x {height}"))


def _as_rgba(picture: Image.Image) -> Image.Image:
    """Convert to RGBA from any mode: Pillow would clip 16-bit pixels at 255, and cannot convert CMYK directly."""
    if picture.mode.startswith("I;16"):
        levels = np.asarray(picture) // 257
        return Image.fromarray(levels.astype(np.uint8)).convert("RGBA")
    if picture.mode == "CMYK":
        return picture.convert("RGB").convert("RGBA")
    return picture.convert("RGBA")
