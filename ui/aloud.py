"""What has changed, for whoever listens: a screen reader says it, and nobody sees it.

A component changes the text of a place that is there already; what `st.html` or `st.markdown` put up anew, screen
readers pass over in silence.
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
    """Have a text read aloud once it is another one than before.

    key: begins with "aloud", by which frame.css takes it out of the flow: it leaves no gap.
    """
    _mount(key=key, data={"name": key, "text": text})
