"""The pictures of the Augment page: variants of a digit, a warped net, a batch before and after, a six that turns."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.config import AugmentConfig
from mnistlab.figures import percent, round_to_two
from ui import mosaic, resources
from ui.pixel_scale import data_address

if TYPE_CHECKING:
    from mnistlab.augment import Warps

VARIANTS = 20
_SIDE, _ORIGINAL_SIDE = 84, 140  # CSS pixels: three for each pixel of a variant, five for each of the original
_VARIANTS_WIDTH = 452  # CSS pixels: five in a row and the gaps between them
_MEASURED_IMAGES = 600  # enough to measure the speed, few enough to keep a slider responsive
_ANGLES = [0.0, 25.0, 45.0, 70.0, 90.0, 135.0, 180.0]
_A_SIX = 13  # its place in the training file


def show_variants(image: npt.NDArray[np.uint8], digit: int, config: AugmentConfig, seed: int) -> None:
    """Show the original on the left and its variants on the right, each with its rotation below it."""
    from mnistlab.variants import variants

    pictures, warps = variants(image, config, seed, VARIANTS)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_ORIGINAL_SIDE):
            st.markdown("**Original**")
            st.html(mosaic.mosaic(image[None], [f"labelled {digit}"], side=_ORIGINAL_SIDE))
        with st.container(width=_VARIANTS_WIDTH):
            st.markdown(f"**{VARIANTS} variants, all labelled {digit}**")
            turns = [_angle(degrees) for degrees in warps.degrees.tolist()]
            tips = [_in_words(warps, index, config) for index in range(VARIANTS)]
            st.html(mosaic.mosaic(pictures, turns, tips, side=_SIDE, per_row=5))


def show_net(image: npt.NDArray[np.uint8], config: AugmentConfig, seed: int, which: int) -> None:
    """Show a net of squares before and after the warp of one variant, counted from 1, with the digit in each."""
    from mnistlab.variants import variants, warped_net

    pictures, warps = variants(image, config, seed, VARIANTS)
    nets = warped_net(image, config, seed, which - 1, VARIANTS)
    shown = [_over(net, digit) for net, digit in zip(nets, (image, pictures[which - 1]), strict=True)]
    st.html(_pair(shown, ("before", "after")))
    st.caption(
        f"This variant is {_in_words(warps, which - 1, config)}. All of this is done in one warp: each pixel is "
        "looked up only once, so nothing is blurred twice."
    )


def show_batch(config: AugmentConfig, seed: int) -> None:
    """Show the first batch of the training file, as it is and as augmented."""
    from mnistlab.variants import augmented

    source = resources.dataset().source
    images, labels = source.images[:20], [str(label) for label in source.labels[:20]]
    before, after = st.columns(2, gap="medium")
    with before:
        st.markdown("**The first 20 training images**")
        st.html(mosaic.mosaic(images, labels, per_row=5))
    with after:
        st.markdown("**The same, augmented**")
        st.html(mosaic.mosaic(augmented(images, config, seed), labels, per_row=5))
    st.caption(_HOW_USED[config.use] if config.is_active else "Nothing is changed: each epoch shows the same pictures.")


_HOW_USED = {
    "replace": "Every image is changed afresh in each epoch: the network never sees quite the same picture twice.",
    "double": (
        "An epoch shows all images augmented afresh, then all originals: twice as many steps as with originals alone."
    ),
    "once": "One augmented copy of each image is made before training and kept: twice as many images, always the same.",
}


def show_turned_six() -> None:
    """Show a six at several angles, and what the built-in network reads each as."""
    from mnistlab.variants import turned

    pictures = turned(resources.dataset().source.images[_A_SIX], _ANGLES)
    probabilities = resources.predictor().probabilities(pictures)
    read, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    captions = [f"{angle:.0f}°: {digit}" for angle, digit in zip(_ANGLES, read, strict=True)]
    tips = [
        f"a 6 turned by {a:.0f}°: read as {d}, {percent(float(s), 1)} sure"
        for a, d, s in zip(_ANGLES, read, sure, strict=True)
    ]
    st.html(mosaic.mosaic(pictures, captions, tips, [int(digit) == 6 for digit in read], side=_SIDE))
    st.caption(
        "A 6, turned clockwise. Below it: the angle, and what the built-in network reads. After half a turn nobody "
        "can tell it from a 9. The tutorial that this lab reproduces turns by up to 25 degrees, then by up to 45 "
        "more: up to 70 in all."
    )


def pace_line(config: AugmentConfig) -> str:
    """What augmentation costs on this machine, measured now."""
    if not config.is_active:
        return "Nothing is changed, so it costs nothing."
    pace, device = _measure(config)
    return (
        "Below each variant: how far it is turned, clockwise if positive. Measured just now: warping 60,000 training "
        f"images takes {60_000 / pace:.1f} s ({round_to_two(pace):,.0f} images/s on {device})."
    )


@st.cache_data(
    show_spinner=False, ttl="1 minute", max_entries=50, hash_funcs={AugmentConfig: AugmentConfig.model_dump_json}
)
def _measure(config: AugmentConfig) -> tuple[float, str]:
    """Images per second and the device; cached, so that a class playing with the sliders does not keep measuring."""
    from mnistlab.device import describe_device
    from mnistlab.variants import images_per_second

    return images_per_second(resources.dataset().source.images[:_MEASURED_IMAGES], config), describe_device()


def _in_words(warps: "Warps", index: int, config: AugmentConfig) -> str:
    """What is done to one variant, without mentioning what is not."""
    right, down = (int(step) for step in warps.shift[index])
    scale = float(warps.scale[index])
    parts = [f"turned by {_angle(float(warps.degrees[index]))}"]
    if round(scale, 2) != 1:
        parts.append(f"{scale:.2f} times as large")
    if right:
        parts.append(f"{abs(right)} px to the {'right' if right > 0 else 'left'}")
    if down:
        parts.append(f"{abs(down)} px {'down' if down > 0 else 'up'}")
    if warps.shear is not None:
        parts.append(f"slanted by {_angle(float(warps.shear[index]))}")
    if warps.stretch is not None:
        parts.append(f"{float(warps.stretch[index]):.2f} times as wide")
    if warps.bend is not None:
        parts.append(f"bent by up to {float(warps.bend[index].abs().max()):.1f} px")
    if config.framed:
        parts.append("framed as MNIST's digits are")
    return ", ".join(parts)


def _angle(degrees: float) -> str:
    """An angle with its sign, except for 0."""
    return f"{degrees:+.0f}°".replace("-", "\N{MINUS SIGN}") if round(degrees) else "0°"


def _over(net: npt.NDArray[np.uint8], digit: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(S, S, 3): the lines in blue over the digit in grey."""
    large = digit.repeat(len(net) // len(digit), axis=0).repeat(len(net) // len(digit), axis=1)[:, :, None]
    lines = net[:, :, None] / 255
    mixed = (1 - lines) * np.repeat(large, 3, axis=2) * 0.8 + lines * np.array([86, 180, 233])
    picture: npt.NDArray[np.uint8] = mixed.round().astype(np.uint8)
    return picture


def _pair(pictures: list[npt.NDArray[np.uint8]], names: tuple[str, str]) -> str:
    figures = "".join(
        f'<figure style="margin:0;flex:1 1 0;max-width:300px;text-align:center;font-size:0.85rem">'
        f'<img src="{data_address(picture)}" alt="a net of squares, {name} the warp" '
        f'style="width:100%;border-radius:3px"><figcaption>{name}</figcaption></figure>'
        for picture, name in zip(pictures, names, strict=True)
    )
    return f'<div style="display:flex;gap:1rem">{figures}</div>'
