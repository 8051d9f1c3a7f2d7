"""Clickable digits: a mosaic whose links are followed within the session, by mouse or by keyboard.

Plain links would reload the page and lose the session, and with it a drawing. They are still links, so that "open in a
new tab" works. All share one Tab stop; arrow keys step from digit to digit, Enter opens.
"""

from collections.abc import Callable

import streamlit as st

_CSS = """
.picking a:hover i { filter: brightness(1.25); }
.picking a:hover, .picking a:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 1px; }
"""

_SCRIPT = """
const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: "row", ArrowUp: "-row", Home: "first", End: "last" };

function perRow(links) {
  const top = links[0].getBoundingClientRect().top;
  const below = links.findIndex((link) => link.getBoundingClientRect().top > top + 1);
  return below < 0 ? links.length : below;
}

function stepFrom(links, at, step) {
  if (step === "first") return 0;
  if (step === "last") return links.length - 1;
  const by = step === "row" ? perRow(links) : step === "-row" ? -perRow(links) : step;
  return Math.min(links.length - 1, Math.max(0, at + by));
}

function focus(links, to) {
  links.forEach((link, index) => { link.tabIndex = index === to ? 0 : -1; });
  links[to].focus();
}

export default function picking({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".picking");
  if (root.shown !== data) {
    const before = [...root.querySelectorAll("a")].indexOf(document.activeElement);
    root.innerHTML = data;
    root.shown = data;
    const links = [...root.querySelectorAll("a")];
    const at = Math.min(Math.max(before, 0), links.length - 1);
    links.forEach((link, index) => { link.tabIndex = index === at ? 0 : -1; });
    if (before >= 0) links[at]?.focus({ preventScroll: true });  // the keyboard stays where it was
  }
  root.onclick = (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    setTriggerValue("picked", Number(link.dataset.pick));
  };
  root.onkeydown = (event) => {
    const links = [...root.querySelectorAll("a")];
    const at = links.indexOf(event.target.closest("a"));
    if (at < 0 || !(event.key in STEPS)) return;
    event.preventDefault();
    event.stopPropagation();
    focus(links, stepFrom(links, at, STEPS[event.key]));
  };
}
"""

_mount = st.components.v2.component(
    "mnistlab_picking", html='<div class="picking"></div>', css=_CSS, js=_SCRIPT, isolate_styles=False
)


def pick(mosaic: str, key: str, on_pick: Callable[[int], None]) -> int | None:
    """Show a mosaic that was made with links; return the position of the digit just picked, else None.

    on_pick: called with that position before the script reruns, while widgets may still be set.
    """

    def picked() -> None:
        position = st.session_state[key]["picked"]
        if position is not None:
            on_pick(int(position))

    position = _mount(key=key, data=mosaic, on_picked_change=picked).get("picked")
    return None if position is None else int(position)
