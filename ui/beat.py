"""Draw a part of a page again after so many seconds, from the browser, and never while a script runs.

Streamlit's own `run_every` asks at any moment. Where another part is just being drawn, the answer to that begins before
the browser has put the other part in order, and what is no longer in it stays on the screen.
"""

import streamlit as st

_SCRIPT = """
const USED = ["pointerdown", "pointerup", "click", "keydown", "keyup", "input", "change"];
// Milliseconds: between two looks; from a hand's move, and from a question, to the script that answers it; from a
// press to what it led to.
const PAUSE = 50, CALM = 250, SENT = 200, RECENT = 2000;
const page = (globalThis[Symbol.for("mnistlab.beat")] ??= watched());

function watched() {
  const page = { moved: -CALM, asked: -SENT, last: new Map(), timers: new Map() };
  for (const kind of USED)
    addEventListener(kind, () => { page.moved = performance.now(); }, { capture: true, passive: true });
  return page;
}

function isBusy() {
  const state = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState ?? "notRunning";
  const now = performance.now();
  return state !== "notRunning" || now - page.moved < CALM || now - page.asked < SENT;
}

export default function beat({ data: { name, seconds }, parentElement, setTriggerValue }) {
  let timer = 0;
  const wait = (milliseconds) => { page.timers.set(name, timer = setTimeout(look, milliseconds)); };
  const look = () => {
    if (!parentElement.isConnected) return; // taken down before this script had loaded
    if (isBusy()) return wait(PAUSE);
    const asked = page.asked = performance.now();
    page.last.set(name, asked);
    setTriggerValue("due", "part");
    wait(1000 * seconds); // for an answer that never comes; one that comes begins anew
    // Streamlit sends it as soon as the browser is free. What is pressed before that goes with it, and only this part
    // would be drawn.
    setTimeout(() => { if (page.moved >= asked) setTriggerValue("due", "page"); });
  };
  clearTimeout(page.timers.get(name)); // a part that is drawn twice in a moment is put up twice and taken down once
  const now = performance.now(), last = page.last.get(name) ?? -Infinity;
  const left = Math.max(last, page.moved) + 1000 * seconds - now;
  // What follows upon a press is due at once if putting it up took that long already; an answer to a question that took
  // so long is left alone for as long again.
  const isNew = page.moved > last && now - page.moved < RECENT;
  wait(left > 0 ? left : isNew ? 0 : 1000 * seconds);
  return () => clearTimeout(timer);
}
"""
_mount = st.components.v2.component("mnistlab_beat", js=_SCRIPT, isolate_styles=False)


def again_after(seconds: float, name: str) -> None:
    """Have the fragment that calls this drawn again.

    name: of the part, like no other on the page; frame.css takes what it puts there out of the flow.
    """
    answer = _mount(key=f"beat_{name}", data={"name": name, "seconds": seconds}, on_due_change=lambda: None)
    if answer.get("due") == "page":
        st.rerun()
