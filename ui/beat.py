"""Draw a part of a page again after so many seconds: asked for by the browser, while it knows of no script that runs.

Streamlit's own `run_every` asks at any moment. Where another part is just being drawn, the answer to that begins before
the browser has put the other part in order, and what is no longer in it stays on the screen.
"""

import functools
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import streamlit as st

P = ParamSpec("P")
T = TypeVar("T")

_SCRIPT = """
const USED = ["pointerdown", "pointerup", "click", "keydown", "keyup", "input", "change"];
// Milliseconds: between two looks; for how long the answer to a press or a question is awaited, and a press is recent.
const PAUSE = 50, PATIENCE = 1000, RECENT = 2000;
const app = () => document.querySelector('[data-testid="stApp"]');
const isRunning = () => (app()?.dataset.testScriptState ?? "notRunning") !== "notRunning";
const page = (globalThis[Symbol.for("mnistlab.beat")] ??= watched());

function watched() {
  const never = -Infinity;
  const page = { pressed: never, awaited: never, isSending: false, late: null, last: new Map(), timers: new Map() };
  const pressed = () => { page.pressed = page.awaited = performance.now(); };
  for (const kind of USED) addEventListener(kind, pressed, { capture: true, passive: true });
  addEventListener("click", putOff, { capture: true });
  const answered = () => { if (!isRunning()) page.awaited = never; };
  if (app()) new MutationObserver(answered).observe(app(), { attributeFilter: ["data-test-script-state"] });
  return page;
}

// Streamlit sends what is asked as soon as the browser is free. What is clicked before that would go with it, and only
// the part that asks be drawn: it is clicked again afterwards.
function putOff(event) {
  if (!page.isSending) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  page.late = event;
}

function send(what, setTriggerValue) {
  const asked = page.awaited = performance.now();
  page.isSending = true;
  setTriggerValue("due", what);
  setTimeout(() => {
    const late = page.late;
    page.isSending = false, page.late = null;
    if (late) late.target.dispatchEvent(new MouseEvent("click", late));
    else if (page.pressed >= asked) send("page", setTriggerValue); // a key cannot be pressed again
  });
  return asked;
}

export default function beat({ data: { name, seconds }, parentElement, setTriggerValue }) {
  let timer = 0;
  const wait = (milliseconds) => { page.timers.set(name, timer = setTimeout(look, milliseconds)); };
  const look = () => {
    if (!parentElement.isConnected) return; // taken down before this script had loaded
    if (isRunning() || performance.now() - page.awaited < PATIENCE) return wait(PAUSE);
    page.last.set(name, send("part", setTriggerValue));
    wait(1000 * seconds); // for an answer that never comes; one that comes begins anew
  };
  clearTimeout(page.timers.get(name)); // of the answer before, which is not taken down
  const now = performance.now(), last = page.last.get(name) ?? -Infinity;
  const left = Math.max(last, page.pressed) + 1000 * seconds - now;
  // What follows upon a press is due at once if putting it up took that long already; an answer to a question that took
  // so long is left alone for as long again.
  const isNew = page.pressed > last && now - page.pressed < RECENT;
  wait(left > 0 ? left : isNew ? 0 : 1000 * seconds);
  return () => clearTimeout(timer);
}
"""
_mount = st.components.v2.component("mnistlab_beat", js=_SCRIPT, isolate_styles=False)


def keep_up(draw: Callable[P, T], pace: Callable[[], float | None]) -> Callable[P, T]:
    """A function for a fragment that draws the same and has itself drawn again.

    draw: with a name that no other part of the page has; frame.css takes what it puts there out of the flow.
    pace: asked at the end of each drawing for the seconds until the next one; None if none is due.
    """

    @functools.wraps(draw)
    def drawn(*arguments: P.args, **more: P.kwargs) -> T:
        try:
            result = draw(*arguments, **more)
        finally:  # also after an error, which may be over by then
            seconds = pace()
            is_page_due = seconds is not None and again_after(seconds, draw.__name__)
        if is_page_due:
            st.rerun()
        return result

    return drawn


def again_after(seconds: float, name: str) -> bool:
    """Have the fragment that calls this drawn again; return whether the whole page has to be drawn instead."""
    data = {"name": name, "seconds": seconds, "drawn": time.monotonic()}  # which differs, or the browser would not look
    return _mount(key=f"beat_{name}", data=data, on_due_change=lambda: None).get("due") == "page"
