"""Import a run that was exported as a zip, here or in another lab."""

import streamlit as st

from mnistlab.errors import MnistLabError, RunNotFoundError
from mnistlab.figures import percent
from mnistlab.importing.zipped import MOST_BYTES
from ui import frame, identity, resources
from ui.words import run_label, verbatim

# 100, which Streamlit's own limit must allow. A run of best-mlp takes 14; one of five layers of 2,048 neurons, 68.
_MOST_MEGABYTES = MOST_BYTES // 1_000_000
_TAKEN = "importing_taken"  # in the session: the uploads already handled, and the outcome of each


def show() -> None:
    """Show an upload field for an exported run, which becomes a run of this lab."""
    uploaded = st.file_uploader(
        "An exported run (.zip)",
        type="zip",
        key="importing_file",
        max_upload_size=_MOST_MEGABYTES,
        help="A file that Take it home has made, here or in another lab. All of it is checked before it is taken in; "
        "nothing in it is executed.",
    )
    if uploaded is None:
        return
    taken: dict[str, tuple[str | None, str]] = st.session_state.setdefault(_TAKEN, {})
    if uploaded.file_id not in taken:
        taken[uploaded.file_id] = _take_in(uploaded.getvalue())
        st.rerun()  # the table above was drawn before the run was there
    run_id, problem = taken[uploaded.file_id]
    if run_id is None:
        st.error(problem)
        return
    try:
        run = resources.store().run(run_id)
    except RunNotFoundError:
        st.info(f"It was here as run `{run_id}`, which has been deleted since.")
        return
    accuracy = percent((run.result or {})["test_accuracy"])
    st.success(f"It is here as run `{run_id}`: {accuracy} of the test digits, as measured in the lab it comes from.")
    st.page_link(frame.page_script("Train"), label=f"See {verbatim(run_label(run))}", query_params={"run": run_id})


def _take_in(content: bytes) -> tuple[str | None, str]:
    """The new run's id, or None and what is wrong with the file."""
    from mnistlab.importing import import_run

    try:
        return import_run(content, resources.store(), identity.owner()), ""
    except MnistLabError as error:
        return None, str(error)
