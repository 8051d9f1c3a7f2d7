"""Announce changes through screen readers, invisibly.

A component changes the text of an existing element; screen readers say nothing about elements that `st.html` or
`st.markdown` replace.
"""

import streamlit as st

_CSS = """
.aloud { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%);
         white-space: nowrap; }
"""
_SCRIPT = """
const known = (globalThis[Symbol.for("mnistlab.aloud")] ??= new Map());  // outlives a component that is put up anew
const AFTER = 150;  // milliseconds: a text is said where it comes into a place that was there before

export default function sayAloud({ data, parentElement }) {
  const isNew = known.has(data.name) && known.get(data.name) !== data.text;
  known.set(data.name, data.text);  // the first is read with the page
  if (!isNew) return;
  setTimeout(() => { parentElement.querySelector(".aloud").textContent = data.text; }, AFTER);
}
"""
_mount = st.components.v2.component(
    "mnistlab_aloud", html='<p class="aloud" role="status"></p>', css=_CSS, js=_SCRIPT, isolate_styles=False
)


def say(text: str, key: str) -> None:
    """Have a text read aloud whenever it differs from the last one.

    key: begins with "aloud", which frame.css uses to take it out of the flow, so that it leaves no gap.
    """
    _mount(key=key, data={"name": key, "text": text})
