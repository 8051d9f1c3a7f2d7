"""Evaluate: what a model gets right and wrong, how sure it is, what disturbs it, and why it said what it said."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import (
    comparing_view,
    confidence_view,
    depth_links,
    depth_step,
    depth_view,
    frame,
    hidden_view,
    ladder_view,
    models,
    overview_view,
    resources,
    robustness_view,
    splits,
    taking_home,
)
from ui.address import Address, write_ahead
from ui.experiments import Experiment, try_this
from ui.models import ModelChoice

_VIEWS: dict[str, Callable[[ModelChoice, str, Address], None]] = {
    "overview": overview_view.show,
    comparing_view.VIEW: comparing_view.show,
    "confidence": confidence_view.show,
    "robustness": robustness_view.show,
    "hidden layer": hidden_view.show,
    "ladder": ladder_view.show,
}
_NAMES = ("overview", depth_links.VIEW, *list(_VIEWS)[1:])

# The controls that belong to a view, with their initial values.
_STARTS: dict[str, dict[str, Any]] = {
    "overview": {
        "evaluate_shown": overview_view.SHOWN[0],
        "evaluate_true": overview_view.ANY,
        "evaluate_read": overview_view.ANY,
        "evaluate_page": 1,
    },
    depth_links.VIEW: {"evaluate_from": splits.TEST, "evaluate_index": 0, "evaluate_step": 100},
    "robustness": {"evaluate_change": "rotation"},
}

_EXPERIMENTS = (
    Experiment(
        "Fours read as nines",
        f"[Further down](#{overview_view.ANCHOR}) are the fours that it took for nines. Where is the gap at the top? "
        "Click on one to see why; if there are none, choose a weaker model.",
        {
            "evaluate_view": "overview",
            "evaluate_shown": "all digits",
            "evaluate_true": "4",
            "evaluate_read": "9",
            "evaluate_page": 1,
        },
    ),
    Experiment(
        "Turn the paper",
        "How far can you turn a digit before the network is lost, and before you are? Then compare with a model that "
        "was trained with augmentation.",
        {"evaluate_view": "robustness", "evaluate_change": "rotation"},
    ),
    Experiment(
        "Half the neurons",
        "With half of its hidden neurons switched off, how much does it still read? Then compare a network of 512 "
        "neurons with one of 32, and with one that was trained with dropout.",
        {"evaluate_view": "robustness", "evaluate_change": "neurons"},
    ),
    Experiment(
        "Fool it",
        f"[Go down to the slider](#{depth_step.ANCHOR}): a small change along the gradient turns the answer. Go twice "
        "as far. Can you see any change?",
        {"evaluate_view": depth_links.VIEW, "evaluate_from": "test", "evaluate_index": 18, "evaluate_step": 100},
    ),
)


def draw() -> None:
    address = Address()
    if frame.has_just_come() and "model" in st.query_params and "evaluate_view" not in st.query_params:
        st.session_state["evaluate_view"] = _NAMES[0]  # a link to a model is followed to see its mistakes
    try_this("evaluate_try", _EXPERIMENTS)
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with picture:
        view = address.buttons("View", _NAMES, "evaluate_view", wrap=True, label_visibility="collapsed")
    write_ahead(_STARTS.get(view, {}))
    with picture:
        place = _place_for(view)
    with controls:
        model = models.choose("evaluate_model")
        taking_home.show(model.name)
    if view == depth_links.VIEW:
        depth_view.show(model, place, controls, address)
        return
    with controls:
        split_name = _choose_split(address, is_open=view != "ladder")
    with place:
        if view != "ladder" and split_name == splits.DRAWINGS and resources.drawings().count() == 0:
            st.info("No digit that was drawn has been kept yet. Draw one and say what it was: that keeps it.")
            st.page_link(frame.page_script("Draw"), label="Draw a digit")
            return
        _VIEWS[view](model, split_name, address)


def _place_for(view: str) -> DeltaGenerator:
    """A separate place for each view, with all others emptied, so that the last view disappears at once.

    In one place for all, it would stay below the name of the new view for as long as that computes.
    """
    places = {name: st.container() if name == view else st.empty() for name in _NAMES}
    return places[view]


def _choose_split(address: Address, is_open: bool) -> str:
    """Show the menu of splits, disabled beside a view that always uses the same one."""
    about = ". ".join(f"{name}: {scored.about}" for name, scored in splits.SPLITS.items())
    return address.menu("Split", list(splits.SPLITS), "evaluate_split", help=f"{about}.", disabled=not is_open)


frame.show_page("Evaluate", draw)
