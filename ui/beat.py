"""Draw a part of a page again after so many seconds, from the browser, and never while a script runs.

Streamlit's own `run_every` asks at any moment. Where another part is just being drawn, the answer to that begins before
the browser has put the other part in order, and what is no longer in it stays on the screen.
"""

import streamlit as st

_SCRIPT = """
const USED = ["pointerdown", "pointerup", "click", "keydown", "keyup", "input", "change"];
const PAUSE = 50, CALM = 500; // milliseconds between two looks; from a hand's move to the script that answers it
const hand = (globalThis[Symbol.for("mnistlab.hand")] ??= watched());

function watched() {
  const hand = { moved: -CALM };
  for (const kind of USED)
    addEventListener(kind, () => { hand.moved = performance.now(); }, { capture: true, passive: true });
  return hand;
}

function isBusy() {
  const state = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState ?? "notRunning";
  return state !== "notRunning" || performance.now() - hand.moved < CALM;
}

export default function beat({ data, setTriggerValue }) {
  let timer = 0;
  const wait = (milliseconds) => { timer = setTimeout(look, milliseconds); };
  const look = () => {
    if (isBusy()) return wait(PAUSE);
    const asked = performance.now();
    setTriggerValue("due", "part");
    wait(1000 * data); // for an answer that never comes; one that comes begins anew
    // Streamlit sends it as soon as the browser is free. What is pressed before that goes with it, and only this part
    // would be drawn.
    setTimeout(() => { if (hand.moved >= asked) setTriggerValue("due", "page"); });
  };
  wait(1000 * data);
  return () => clearTimeout(timer);
}
"""
_mount = st.components.v2.component("mnistlab_beat", js=_SCRIPT, isolate_styles=False)


def again_after(seconds: float, name: str) -> None:
    """Have the fragment that calls this drawn again.

    name: of the part, like no other on the page; frame.css takes what it puts there out of the flow.
    """
    if _mount(key=f"beat_{name}", data=seconds, on_due_change=lambda: None).get("due") == "page":
        st.rerun()
