"""The frame of every page: configuration, menu, device, lesson and errors.

A page script consists of functions and one last line: `frame.show_page("Data", draw)`.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from mnistlab.errors import MnistLabError
from ui import in_hand, resources, running_jobs, turns

_SHOWN, _CAME = "frame_shown", "frame_came"  # in the session: the page that is shown, and whether it is new
_HERE = Path(__file__).resolve().parent
_LESSONS = _HERE / "lessons" / "en"


@dataclass(frozen=True)
class Page:
    """A screen: its script, its name in the menu, the question that is its title, and whether jobs are started there.

    If not, its controls change nothing in the frame, so that a click reruns only the page's own part, as a fragment.
    """

    script: str
    name: str
    question: str
    starts_jobs: bool = False


PAGES = (
    Page("app.py", "Overview", "Teach a computer to read", starts_jobs=True),
    Page("pages/1_Data.py", "Data", "What are we learning from?"),
    Page("pages/2_Pixels.py", "Pixels", "What does the network see?"),
    Page("pages/3_Augment.py", "Augment", "Is a tilted 3 still a 3?"),
    Page("pages/4_Model.py", "Model", "What are we teaching?"),
    Page("pages/5_Train.py", "Train", "How does it learn?", starts_jobs=True),
    Page("pages/6_Evaluate.py", "Evaluate", "What does it get wrong?"),
    Page("pages/7_Draw.py", "Draw", "Can it read your handwriting?"),
    Page("pages/8_Runs.py", "Runs", "Which was better, and is it luck?", starts_jobs=True),
    Page("pages/9_Sweep.py", "Sweep", "Which settings matter?", starts_jobs=True),
)
_BY_NAME = {page.name: page for page in PAGES}

# Relative widths of the two columns of a page; on a phone they are stacked, the picture first.
PICTURE_AND_CONTROLS = (3, 1)
_SIDEBAR_WIDTH = 230
_LEAVING = "frame_leaving"  # in the session: where a callback wants to go, a page's name and its query


@turns.in_turn
def show_page(name: str, draw: Callable[[], None]) -> None:
    """Draw a page inside the frame; an error that the visitor can fix is shown once, as a sentence."""
    page = _BY_NAME[name]
    if st.session_state.get(_SHOWN) != name:
        st.session_state[_SHOWN], st.session_state[_CAME] = name, True
    st.set_page_config(
        page_title=f"{page.name} - mnistlab",
        page_icon="\N{INPUT SYMBOL FOR NUMBERS}",
        layout="wide",
        initial_sidebar_state=_SIDEBAR_WIDTH,
    )
    st.html(_style())
    in_hand.take_up()
    show_device = _sidebar()
    st.title(page.question, anchor=False)
    _lesson(page.name)
    if page.starts_jobs:
        _draw_safely(draw)
    else:
        turns.fragment()(_draw_safely)(draw)
    resources.warm_up()
    show_device()


def has_just_come() -> bool:
    """Whether the visitor has just come to this page, from another one or by a URL; true only once per visit."""
    return bool(st.session_state.pop(_CAME, False))


def _draw_safely(draw: Callable[[], None]) -> None:
    leave_if_asked()
    with telling_mistakes():
        draw()


@contextmanager
def telling_mistakes(before: str = "") -> Iterator[None]:
    """Show an error that the visitor can fix as a sentence. Fragments need their own: they rerun without their page.

    before: text put in front of it.
    """
    try:
        yield
    except MnistLabError as error:
        st.error(f"{before}{error}")


@turns.fragment()
def show_code(*functions: Callable[..., Any]) -> None:
    """Offer the core functions behind what is on the page, sent only when opened, because highlighting takes time.

    It is a fragment, so that opening it reruns nothing else.
    """
    names = "_".join(function.__name__ for function in functions)
    code = st.expander("Show the code", key=f"code_{names}", on_change="rerun")
    if code.open:
        code.code("\n\n".join(map(_listing, functions)), language="python")


@functools.cache
def _listing(function: Callable[..., Any]) -> str:
    module = inspect.getmodule(function)
    return f"# {module.__name__ if module else ''}\n{inspect.getsource(inspect.unwrap(function))}"


def page_script(name: str) -> str:
    """The script of a page, for `st.page_link` and `st.switch_page`."""
    return _BY_NAME[name].script


def go_to(name: str, controls: Mapping[str, str], **more: str) -> None:
    """Open a page with some of its controls set, and more in its URL.

    The controls are set in the session too, where their last values would otherwise win over the URL.
    """
    st.session_state.update(controls)
    st.switch_page(page_script(name), query_params={**more, **controls})


def leave_for(name: str, **address: str) -> None:
    """Open a page from a callback, where Streamlit cannot switch: the next rerun does so before it draws anything."""
    st.session_state[_LEAVING] = (name, address)


def leave_if_asked() -> None:
    """Go where a callback asked to; to be called first in every fragment whose callbacks use `leave_for`."""
    if _LEAVING in st.session_state:
        name, address = st.session_state.pop(_LEAVING)
        st.switch_page(page_script(name), query_params=address)


@functools.cache
def _style() -> str:
    return f"<style>{(_HERE / 'frame.css').read_text(encoding='utf-8')}</style>"


@functools.cache
def _scripts() -> str:
    """Scripts that keep the browser's history in order, the URL up to date, the keyboard focus after a change of page,
    and charts whole on paper."""
    names = ("history.js", "address.js", "arriving.js", "printing.js")
    return "".join(f"<script>{(_HERE / name).read_text(encoding='utf-8')}</script>" for name in names)


def _lesson(name: str) -> None:
    text = _LESSONS / f"{name.lower()}.md"
    if text.exists():
        st.markdown(text.read_text(encoding="utf-8"))


def _sidebar() -> Callable[[], object]:
    """Draw the menu and what is running; return a function that adds the device's name, which needs torch."""
    with st.sidebar:
        st.markdown("### mnistlab")
        for page in PAGES:
            st.page_link(page.script, label=page.name)
        st.divider()
        show_device = _device()
        with telling_mistakes():
            running_jobs.show(page_script("Train"), page_script("Sweep"))
        st.html(_scripts(), unsafe_allow_javascript=True)
    return show_device


def _device() -> Callable[[], object]:
    """Draw the device's name, or a placeholder that the returned function fills; replacing it later would flicker."""
    if resources.is_warm():
        st.caption(resources.device_line())
        return lambda: None
    place = st.empty()
    place.caption("Warming up ...")
    return lambda: place.caption(resources.device_line())
