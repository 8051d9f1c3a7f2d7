"""Augment: what turning, moving and bending do to a digit, and where they go too far."""

from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.config import AugmentConfig
from mnistlab.presets import get_preset
from ui import frame, recipe, resources, warp_views
from ui.bound import Bound, chips, name_of
from ui.experiments import Experiment, try_this

_START = AugmentConfig(rotation=30)
_STRONG = AugmentConfig(rotation=20, shear=15, shift=0.1, scale_min=0.8, scale_max=1.15, elastic=1.5)
_PRESETS = {
    "Tutorial": get_preset("tutorial-augmented").config.augment,
    "Keras variant": get_preset("tutorial-keras").config.augment,
    "Strong but legible": _STRONG,
    "Nothing": AugmentConfig(),
}
# The steps of sliders that must be able to show the presets; the other fields' steps follow from their bounds.
_STEPS = {"rotation": 5.0, "shift": 0.05, "scale_min": 0.05, "scale_max": 0.05, "shear": 5.0, "elastic": 0.25}
_FIRST = tuple(_STEPS)
_MORE = tuple(name for name in AugmentConfig.model_fields if name not in _FIRST)


_TURNED = 3  # the net opens on a variant that is visibly turned
_WHICH_VARIANT = f"Which of the {warp_views.VARIANTS} variants above, counted row by row from the top left."


def _keys(config: AugmentConfig) -> dict[str, Any]:
    """The values of the page's controls that make this config."""
    return {f"augment_{name}": value for name, value in config}


_EXPERIMENTS = (
    Experiment(
        "Turn a 6 all the way",
        "Watch for 9s. Each of them would be labelled 6: the network would be taught something false.",
        {**_keys(AugmentConfig(rotation=180)), "augment_digit": "6"},
    ),
    Experiment(
        "Bend it",
        "No two people write alike, and a bend changes the handwriting, not the digit. How far can it be bent before "
        "you misread it?",
        _keys(AugmentConfig(elastic=3)),
    ),
    Experiment(
        "Hide a part",
        "A network that relies on a single stroke fails here. Which variants can you still read, and what gives the "
        "digit away?",
        _keys(AugmentConfig(erasing=0.5)),
    ),
)


def draw() -> None:
    try_this("augment_try", _EXPERIMENTS)
    bound = Bound("augment", _START)
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with controls:
        image, digit = _choose_digit(bound)
        config = _settings(bound)
        seed = bound.number("Seed", 0, 9999, "augment_seed", "The same seed gives the same pictures.")
        if st.button("Use this for training", type="primary", width="stretch", disabled=not config.is_active):
            st.session_state[recipe.AUGMENT_SENT] = config.model_dump()
            st.switch_page(frame.page_script("Train"), query_params={})
    with picture:
        warp_views.show_variants(image, digit, config, seed)
        pace = st.empty()
        _warn(config)
    st.header("One warp, seen on a net", anchor=False)
    with st.container(width=300):
        which = bound.number("Variant", 1, warp_views.VARIANTS, "augment_variant", _WHICH_VARIANT, start=_TURNED)
    warp_views.show_net(image, config, seed, which)
    st.header("What the network is shown", anchor=False)
    warp_views.show_batch(config, seed)
    st.header("Where it goes too far", anchor=False)
    warp_views.show_turned_six()
    bound.tell_unknown()
    _show_code()
    pace.caption(warp_views.pace_line(config))


def _choose_digit(bound: Bound) -> tuple[npt.NDArray[np.uint8], int]:
    """Choose a training image by its digit and its number among that digit's images."""
    source = resources.dataset().source
    digit = int(bound.option("Digit", [str(digit) for digit in range(10)], "augment_digit", 3, "Which digit to warp."))
    places = np.flatnonzero(source.labels == digit)
    which = bound.number("Example", 1, 5000, "augment_example", "Which of the digit's training images, in file order.")
    return source.images[places[which - 1]], digit


def _settings(bound: Bound) -> AugmentConfig:
    presets = st.container()
    values = {name: bound.field(name, _STEPS[name]) for name in _FIRST}
    with st.expander("More"):
        values |= {name: bound.field(name) for name in _MORE}
    config = AugmentConfig(**values)
    with presets:
        settings = {title: _keys(preset) for title, preset in _PRESETS.items()}
        chips("Presets", settings, name_of(config, _PRESETS), "augment_preset")
    return config


def _warn(config: AugmentConfig) -> None:
    """Warn if a label may no longer be true."""
    total = config.rotation + config.affine_rotation
    turned = "Turned"
    if config.rotation and config.affine_rotation:
        turned = f"{config.rotation:g} and {config.affine_rotation:g} degrees add up: turned"
    if total > 90:
        st.warning(f"{turned} by up to {min(total, 180):g} degrees, a 6 can become a 9 and is still labelled 6.")
    elif total > 45:
        st.warning(f"{turned} by up to {total:g} degrees, a 7 can lie on its back. See below what that does to a 6.")


def _show_code() -> None:
    from mnistlab.augment import draw_warps, warp  # needs torch, which loads after the page is on screen
    from mnistlab.damage import damage

    frame.show_code(draw_warps, warp, damage)


frame.show_page("Augment", draw)
