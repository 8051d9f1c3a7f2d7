"""The recipe in Train's URL: read it when a link is opened, keep it up to date with the form, and share it as a link.

mnistlab/links.py knows the format of such a URL; this module decides when it is read and written.
"""

from collections.abc import Collection, Set
from urllib.parse import urlencode, urlsplit

import streamlit as st

from mnistlab import links
from mnistlab.config import RunConfig
from mnistlab.links import Link
from mnistlab.presets import PRESETS, changes
from mnistlab.settings import FIELDS, PATHS
from ui import forms
from ui.address import Address, quoted

# In the session: the link in force, and the recipe that was last written to the URL, so that only others are read.
_LINK, _WRITTEN = "recipe_link", "recipe_link_written"
# Counts the links that were opened or left, to make new keys for the widgets of Share, which would keep old choices.
_TURN = "recipe_link_turn"
# What can be hidden or locked, in the order of the form.
_CONTROLS = (
    *("preset", "hidden", "optimizer", "learning_rate", "batch_size", "epochs", "schedule"),
    *("momentum", "nesterov", "weight_decay", "label_smoothing", "shuffle", "train_size", "validation_size"),
    *("seed", "device"),
    *("activation", "dropout", "batch_norm"),
)


def arrived() -> Link | None:
    """The link that has just been opened, if any."""
    query = links.recipe_part(st.query_params.to_dict())
    if not query or query == st.session_state.get(_WRITTEN):
        return None
    link = links.read_link(query)
    st.session_state[_LINK], st.session_state[_WRITTEN] = link, query
    _share_anew()
    return link


def in_force() -> Link | None:
    """The link whose hidden and locked controls hold, until it is left."""
    link: Link | None = st.session_state.get(_LINK)
    return link


def leave() -> None:
    """Show all controls again."""
    st.session_state.pop(_LINK, None)
    _share_anew()


def _share_anew() -> None:
    """Reset the choices for a shared link to what the link in force hides and locks."""
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def limits() -> forms.Limits:
    """What the form may not show or change."""
    link = in_force()
    return forms.Limits(link.hidden, link.locked) if link else forms.OPEN


def note(link: Link) -> str:
    """What a link, or the URL of a reloaded page, has set, in a sentence."""
    title = PRESETS[link.config.preset].title if link.config.preset in PRESETS else "custom"
    changed = ", ".join(changes(link.config))
    return f"From the address: **{title}**{f', with {changed}' if changed else ''}."


def tell_problems(config: RunConfig | None, address: Address) -> None:
    """Show what in a link could not be followed, as long as nothing has been changed since."""
    link = in_force()
    if link is not None and config == link.config:
        for before, given, after in link.problems:
            address.say(f"{before}{quoted(given)}{after}")


def write(config: RunConfig) -> None:
    """Write the form's recipe to the URL, so that it can be copied and survives a reload."""
    link = in_force()
    query = _query(config, link.hidden, link.locked) if link else _query(config)
    there = st.query_params.to_dict()
    if links.recipe_part(there) != query:
        others = {key: value for key, value in there.items() if key not in links.recipe_part(there)}
        st.query_params.from_dict({**others, **query})
    st.session_state[_WRITTEN] = query


def share(config: RunConfig) -> None:
    """Offer a link to this recipe, with a choice of what its reader may see and change."""
    with st.popover("Share this recipe", width="stretch"):
        st.markdown("This link opens the page with these settings, ready to start.")
        held, turn = limits(), st.session_state.get(_TURN, "")
        names = _ordered(held.hidden | held.locked | {*_CONTROLS})
        first = [name for name in names if name in held.hidden]
        hidden = st.multiselect("Hide", names, first, _label, key=f"share_hidden{turn}", help="Not shown at all.")
        rest = [name for name in names if name not in hidden]
        first = [name for name in rest if name in held.locked]
        locked = st.multiselect(
            "Lock", rest, first, _label, key=f"share_locked{turn}", help="Shown, but cannot be changed."
        )
        query = _query(config, hidden, locked) or {links.PRESET: config.preset}
        address = (st.context.url or "Train").split("?")[0]
        st.code(f"{address}?{urlencode(query, safe=',')}", language=None, wrap_lines=True)
        st.caption(_where_it_leads(address))


def _where_it_leads(address: str) -> str:
    elsewhere = "For another lab, append everything from the ? to the address of its Train page."
    if urlsplit(address).hostname not in ("localhost", "127.0.0.1", "::1"):
        return elsewhere
    return f"For other computers, replace localhost by this computer's own address. {elsewhere}"


def _query(config: RunConfig, hidden: Collection[str] = (), locked: Collection[str] = ()) -> dict[str, str]:
    order = _ordered({*hidden, *locked})
    return links.write_link(
        config, [name for name in order if name in hidden], [name for name in order if name in locked]
    )


def _ordered(names: Set[str]) -> list[str]:
    """Names of settings in the order of the form; those that it does not have come last."""
    return [name for name in (*_CONTROLS, *sorted(names - {*_CONTROLS})) if name in names]


def _label(name: str) -> str:
    """A control's name as shown above its widget."""
    if name == "hidden":
        return "Hidden layers"
    if name not in PATHS:  # "preset"
        return name.capitalize()
    section, _ = FIELDS[PATHS[name]]
    return forms.label_of(name, section.model_fields[name])
