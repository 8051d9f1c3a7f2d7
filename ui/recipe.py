"""The recipe of a run: a preset, the visitor's changes, and what other pages have sent along."""

from typing import Any

import streamlit as st

from mnistlab.config import AugmentConfig, ModelConfig, RunConfig, parse_config
from mnistlab.errors import ConfigError
from mnistlab.presets import PRESETS
from ui import forms

_SETTINGS = ("learning_rate", "batch_size", "epochs")
_MORE_SETTINGS = ("optimizer", "momentum", "schedule", "weight_decay", "shuffle", "validation_size", "seed")
# Where the pages that build a network and choose augmentation leave theirs, as a dict of the config's fields.
MODEL_SENT, AUGMENT_SENT = "model_for_training", "augment_for_training"


def choose() -> RunConfig | None:
    """Show the settings; return the config they make, or None, with a sentence, while one is not allowed."""
    name = st.selectbox(
        "Preset",
        list(PRESETS),
        format_func=lambda name: PRESETS[name].title,
        key="train_preset",
        persist_state="session",
        help="A recipe to start from. The first four are the tutorial's own.",
    )
    preset = PRESETS[name]
    st.caption(preset.about)
    key = f"train_{name}"
    values = preset.config.model_dump()
    values["train"] |= forms.fields(preset.config.train, _SETTINGS, key)
    sent_model = _sent(MODEL_SENT, "Network", lambda sent: ModelConfig(**sent).shape)
    if sent_model:
        values["model"] = sent_model
    elif preset.config.model.kind == "mlp":
        values["model"]["hidden"] = _hidden_widths(preset.config.model.hidden, key)
    sent_augment = _sent(AUGMENT_SENT, "Augmentation", lambda sent: AugmentConfig(**sent).summary)
    if sent_augment:
        values["augment"] = sent_augment
    with st.expander("More"):
        values["train"] |= forms.fields(preset.config.train, _MORE_SETTINGS, key)
        if not sent_model:
            values["model"] |= forms.fields(preset.config.model, ("activation", "dropout"), key)
    try:
        return parse_config(values)
    except ConfigError as error:
        st.error(str(error))
        return None


def _sent(key: str, what: str, describe: Any) -> dict[str, Any] | None:
    """Settings that another page sent, with a way to drop them."""
    sent: dict[str, Any] | None = st.session_state.get(key)
    if not sent:
        return None
    st.markdown(f"{what} from its page: **{describe(sent)}**")
    st.button("Use the preset's instead", key=f"{key}_drop", on_click=st.session_state.pop, args=(key,))
    return sent


def _hidden_widths(default: tuple[int, ...], key: str) -> list[Any]:
    text = st.text_input(
        "Hidden layers (neurons)",
        "-".join(map(str, default)),
        key=f"{key}_hidden",
        persist_state="session",
        help="The width of each hidden layer: 512, or 512-120-84 for three. Empty for none.",
    )
    words = text.replace(",", "-").replace(" ", "-").split("-")
    return [int(word) if word.isdecimal() else word for word in words if word]
