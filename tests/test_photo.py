"""Photos of digits on paper give nearly the picture that a pad would have given; what is no photo is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mnistlab.doubt import Shape, check_shape
from mnistlab.errors import EmptyDrawingError, ImageError
from mnistlab.ink import FloatImage, frame_ink
from mnistlab.photo import MAX_BYTES, read_photo
from tests.drawings import FOUR, SEVEN, TWO, draw, put_on
from tests.photos import encoded, photo

DRAWN = draw(TWO)
EXPECTED = frame_ink(DRAWN.astype(np.float32)).image


def framed(content: bytes) -> FloatImage:
    return frame_ink(read_photo(content)).image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("light_on_dark", [False, True])
def test_digit_on_shaded_paper_is_found(kind: str, light_on_dark: bool) -> None:
    found = framed(photo(DRAWN, light_on_dark, format=kind))
    assert np.abs(found - EXPECTED).mean() < 0.05


@pytest.mark.parametrize("shade", [0.0, 0.2, 0.5])
def test_shadow_is_not_ink(shade: float) -> None:
    assert np.abs(framed(photo(DRAWN, shade=shade)) - EXPECTED).mean() < 0.05


def test_grain_of_the_paper_is_not_ink() -> None:
    assert np.abs(framed(photo(DRAWN, grain=0.05)) - EXPECTED).mean() < 0.06


def test_sideways_photo_is_turned_as_its_camera_says() -> None:
    upright = Image.open(io.BytesIO(photo(DRAWN)))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter to the right
    sideways = encoded(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)
    assert np.abs(framed(sideways) - EXPECTED).mean() < 0.05


def test_drawing_on_a_transparent_ground_is_read_as_it_is() -> None:
    rgba = Image.fromarray(put_on("black on transparent white", DRAWN))
    np.testing.assert_allclose(framed(encoded(rgba, format="PNG")), EXPECTED, atol=0.1)


def test_two_digits_on_one_photo_are_said_as_such() -> None:
    both = np.concatenate([draw(SEVEN), draw(FOUR)], axis=1)
    assert check_shape(read_photo(photo(both))) is Shape.TWO_DIGITS


@pytest.mark.parametrize("grain", [0.0, 0.02])
def test_empty_paper_is_told_as_such(grain: float) -> None:
    with pytest.raises(EmptyDrawingError, match="Nothing stands out"):
        read_photo(photo(np.zeros((280, 280)), grain=grain))


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 3)])
def test_smallest_photos_are_a_result_or_a_named_error(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError):
        frame_ink(read_photo(encoded(Image.new("RGB", size, "white"), format="PNG")))


def test_large_file_is_refused_before_it_is_opened() -> None:
    with pytest.raises(ImageError, match=r"at most 5 MB"):
        read_photo(bytes(MAX_BYTES + 1))


@pytest.mark.parametrize("side", [6000, 20_000, 2_000_000_000])
def test_decompression_bomb_is_refused_by_what_its_header_says(side: int) -> None:
    with pytest.raises(ImageError, match=r"at most 25 million|not a picture"):
        read_photo(png_of(side, side))


def png_of(width: int, height: int) -> bytes:
    """A PNG that announces so many pixels and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP"])
def test_what_is_no_photo_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(ImageError, match="Give a PNG, JPEG or WebP"):
        read_photo(content)


def test_other_formats_are_refused_though_pillow_could_open_them() -> None:
    with pytest.raises(ImageError, match="Give a PNG, JPEG or WebP"):
        read_photo(encoded(Image.new("RGB", (50, 50)), format="BMP"))
