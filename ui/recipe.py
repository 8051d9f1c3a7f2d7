"""The form for a run's recipe: a preset's or another run's, the visitor's changes, and what other pages have sent."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from mnistlab import bounds, links
from mnistlab.config import AugmentConfig, ModelConfig, RunConfig, TrainConfig, parse_config
from mnistlab.errors import ConfigError
from mnistlab.offers import in_a_lab
from mnistlab.presets import PRESETS
from mnistlab.widths import parse_widths, write_widths
from ui import forms, recipe_link
from ui.address import Address
from ui.forms import Limits

_SETTINGS = ("batch_size", "epochs", "schedule")
# Session keys where Model and Augment leave their settings for this form, as a dict of the config's fields.
MODEL_SENT, AUGMENT_SENT = "model_for_training", "augment_for_training"
# The session key where an experiment or a run leaves a whole recipe, as a `Wanted`; the form restarts from it.
WANTED = "recipe_wanted"
_BASE, _NUMBER = "recipe_base", "recipe_number"
JUST_SET = "recipe_just_set"  # the run whose recipe was changed last
_LEAVING = "Shows every setting again. The link itself stays as it is: open it again to come back."
# Rates that these optimizers are known to work with; ten times more makes most networks jump about.
_USUAL_ADAPTIVE_RATE, _TOO_BOLD = 0.001, 0.02


@dataclass(frozen=True)
class Wanted:
    """A recipe to start from, and what is special about it in one sentence."""

    config: RunConfig
    note: str


def choose(address: Address) -> RunConfig | None:
    """Show the settings; return their config, or None while one of them, marked in the form, is not allowed."""
    _take_link()
    wanted, limits = _take_wanted(), recipe_link.limits()
    name = _preset(limits)
    if wanted is not None:
        about = st.container()
        base, key = wanted.config, f"train_wanted{st.session_state[_NUMBER]}"
    else:
        if not st.session_state.get(MODEL_SENT):  # else the preset's caption would describe another network
            st.caption(PRESETS[name].about)
        base, key = PRESETS[name].config, f"train_{name}"
    config = _checked(_held(_settings(base, key, limits)))
    is_possible = config is not None and _has_the_images(config)
    if wanted is not None:
        about.info(wanted.note if config == wanted.config else f"{wanted.note} Changed since.")
        if limits == forms.OPEN and config != PRESETS[name].config:
            about.button("Back to the preset", key="recipe_drop", on_click=_drop_wanted, width="stretch")
    recipe_link.tell_problems(config, address)
    if config is not None:
        recipe_link.write(config)
        recipe_link.share(config)
    if limits != forms.OPEN:
        st.button("Leave this link", key="recipe_leave", on_click=_leave_link, type="tertiary", help=_LEAVING)
    return config if is_possible else None


def _preset(limits: Limits) -> str:
    """The menu of presets, disabled if a link locks anything, which another preset would change."""
    if "preset" in limits.hidden:
        return str(st.session_state.get("train_preset", next(iter(PRESETS))))
    return st.selectbox(
        "Preset",
        list(PRESETS),
        format_func=lambda name: PRESETS[name].title,
        key="train_preset",
        persist_state="session",
        on_change=_drop_wanted,
        help="A recipe to start from. The first four are those of the PyTorch tutorial that this lab reproduces.",
        disabled=bool(limits.locked),
    )


def _take_link() -> None:
    """Start from the recipe of a link that was just opened."""
    link = recipe_link.arrived()
    if link is None:
        return
    st.session_state[WANTED] = Wanted(link.config, recipe_link.note(link))
    st.session_state.pop(JUST_SET, None)


def _leave_link() -> None:
    recipe_link.leave()
    _drop_wanted()


def _held(values: dict[str, Any]) -> dict[str, Any]:
    """The values with those that the link locks set back, whatever another page has sent."""
    link = recipe_link.in_force()
    return values if link is None else links.hold_values(values, link)


def _settings(base: RunConfig, key: str, limits: Limits) -> dict[str, Any]:
    """All settings as they are in the form, allowed or not."""
    values = base.model_dump()
    sent_model = _sent(MODEL_SENT, "model", "Network from Model", lambda held: ModelConfig(**held).shape)
    is_mlp = base.model.kind == "mlp"
    if sent_model:
        values["model"] = sent_model
    elif is_mlp:
        values["model"]["hidden"] = _hidden_widths(base.model.hidden, key, limits)
    sent_augment = _sent(
        AUGMENT_SENT, "augment", "Augmentation from Augment", lambda held: AugmentConfig(**held).summary
    )
    if sent_augment:
        values["augment"] = sent_augment
    values["train"] |= forms.fields(base.train, ("optimizer",), key, limits)
    forms.rate_slider(base.train, f"{key}_learning_rate", limits)
    values["train"] |= forms.fields(base.train, _SETTINGS, key, limits)
    with st.expander("More"):
        values["train"] |= _more_about_training(base.train, values["train"]["optimizer"], key, limits)
        if not sent_model:
            names = ("activation", "dropout", "batch_norm") if is_mlp else ("activation", "dropout")
            values["model"] |= forms.fields(base.model, names, key, limits)
    return values


def _more_about_training(train: TrainConfig, optimizer: str, key: str, limits: Limits) -> dict[str, Any]:
    """Show the settings that are seldom changed, as far as this optimizer has them."""
    values: dict[str, Any] = {"momentum": 0.0, "nesterov": False}
    label = "Learning rate, exactly"
    values["learning_rate"] = forms.field(train, "learning_rate", f"{key}_learning_rate", label, limits)
    if optimizer != "sgd" and values["learning_rate"] > _TOO_BOLD:
        st.caption(f"{optimizer} scales each step itself and usually needs a rate of about {_USUAL_ADAPTIVE_RATE:g}.")
    if optimizer in ("sgd", "rmsprop"):
        values |= forms.fields(train, ("momentum",), key, limits)
    if optimizer == "sgd" and values["momentum"]:
        values |= forms.fields(train, ("nesterov",), key, limits)
    seldom = ("weight_decay", "label_smoothing", "shuffle", "train_size", "validation_size", "seed")
    values |= forms.fields(train, seldom, key, limits)
    values["device"] = forms.choice(train, "device", f"{key}_device", _devices(), limits)
    return values


def _devices() -> tuple[str, ...]:
    """This machine's devices; until torch is loaded, which the page does not wait for, those that every machine has.

    In a lab other machines train, and whether one of them has a GPU is checked when the run is started.
    """
    if in_a_lab():
        return ("auto", "cpu", "cuda")
    if "torch" not in sys.modules:
        return ("auto", "cpu")
    from mnistlab.device import device_names

    return device_names()


def _checked(values: dict[str, Any]) -> RunConfig | None:
    try:
        return parse_config(values)
    except ConfigError as error:
        _say_what_no_field_says(values, error)
        return None


def _has_the_images(config: RunConfig) -> bool:
    """Whether as many images are left to learn from as are asked for; shows an error if not."""
    train, left = config.train, bounds.num_to_learn_from(config)
    if train.train_size > left:
        st.error(
            f"Train size asks for {train.train_size:,} images, but {left:,} are left when {train.validation_size:,} "
            "are held out. Ask for fewer, or for 0, which takes all."
        )
    return train.train_size <= left


def _say_what_no_field_says(values: dict[str, Any], error: ConfigError) -> None:
    """Show errors on settings that are allowed alone but not together; all others are shown beside their fields."""
    lines = str(error).splitlines()
    together = [line.split(": ", 1)[1] for line in lines if line.split(": ", 1)[0] in ("settings", *values)]
    for line in together:
        st.error(line)
    if not together:
        st.caption("Start is off until the setting marked above is corrected.")


def _take_wanted() -> Wanted | None:
    """Use the recipe left at WANTED: it replaces everything in the form, whose widgets get new keys."""
    if WANTED in st.session_state:
        wanted: Wanted = st.session_state.pop(WANTED)
        link = recipe_link.in_force()
        if link is not None:
            held = links.hold(wanted.config, link)
            wanted = (
                wanted
                if held == wanted.config
                else Wanted(held, (f"{wanted.note} What the link locks stays as it is."))
            )
        st.session_state[_BASE] = wanted
        st.session_state[_NUMBER] = st.session_state.get(_NUMBER, 0) + 1
        for sent in (MODEL_SENT, AUGMENT_SENT):
            st.session_state.pop(sent, None)
        if wanted.config.preset in PRESETS:
            st.session_state["train_preset"] = wanted.config.preset
    base: Wanted | None = st.session_state.get(_BASE)
    return base


def _drop_wanted() -> None:
    st.session_state.pop(_BASE, None)


def _sent(key: str, section: str, what: str, describe: Callable[[dict[str, Any]], str]) -> dict[str, Any] | None:
    """Settings that another page sent, except those that a link locks, with a button to drop them."""
    sent: dict[str, Any] | None = st.session_state.get(key)
    if not sent:
        return None
    held = _held({"model": {}, "train": {}, "augment": {}} | {section: sent})[section]
    how = "" if held == sent else ", except for what the link locks"
    st.markdown(f"{what}{how}: **{describe(held)}**")
    st.button("Use the preset's instead", key=f"{key}_drop", on_click=st.session_state.pop, args=(key,))
    return sent


def _hidden_widths(default: tuple[int, ...], key: str, limits: Limits) -> list[Any]:
    if "hidden" in limits.hidden:
        return list(default)
    text = st.text_input(
        "Hidden layers (neurons)",
        write_widths(default),
        key=f"{key}_hidden",
        persist_state="session",
        help="The width of each hidden layer: 512, or 512-120-84 for three. Empty for none.",
        disabled="hidden" in limits.locked,
    )
    try:
        return list(parse_widths(text, "mlp")) if text.strip() else []
    except ConfigError as error:
        st.error(str(error))
        return [text]
