"""What all sessions of the server share, created once: store, drawings, data sets, models. Thin wrappers of the core.

torch takes two seconds to import, so whatever needs it is imported inside functions: the first page is on screen before
`warm_up` begins.
"""

import contextlib
import gc
import importlib
import os
import sys
import threading
from typing import TYPE_CHECKING

import streamlit as st

from mnistlab import cores, keeping
from mnistlab.config import DatasetName
from mnistlab.data import DATASET_TITLES, Dataset, load_dataset
from mnistlab.downloads import DOWNLOAD_MB, is_downloaded
from mnistlab.errors import ConfigError, DataError, MnistLabError, StoreError
from mnistlab.store import Store
from ui.curves import Curves

if TYPE_CHECKING:
    from mnistlab.drawings import Drawings
    from mnistlab.likeness import Likeness
    from mnistlab.predict import Predictor

# What pages import when they are opened; with torch's optimizers, 160,000 objects, 85 ms of a garbage collection.
_NEEDED_LATER = ("mnistlab.training", "mnistlab.untrained", "mnistlab.explain", "mnistlab.robustness", "ui.charts")

# Python's thread switch interval in seconds. Each message to a browser and each query of the store may wait this long,
# and the default of 5 ms adds up when thirty pages are drawn.
_SWITCH_EVERY = 0.001

_DEVICE_SECONDS = 5.0  # after which pages notice that another engine has other settings

_warm = threading.Event()


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The database that MNISTLAB_DB names."""
    return Store()


@st.cache_resource(show_spinner=False)
def curves() -> Curves:
    """The curves read from the store so far."""
    return Curves(store())


@st.cache_resource(show_spinner=False)
def drawings() -> "Drawings":
    """The drawings that this lab has kept."""
    from mnistlab.drawings import Drawings  # adds a table, which a read-only database may lack

    return Drawings(store())


@st.cache_resource(show_spinner="Unpacking the digits ...", max_entries=6)
def dataset(name: DatasetName = "mnist", validation_size: int | None = None) -> Dataset:
    """A data set with the default hold-out, or with another number of validation images.

    Raises:
        DataError: it is not on this computer: it is downloaded only on request, on Data.
    """
    if not is_downloaded(name):
        raise DataError(
            f"{DATASET_TITLES[name]} is not on this computer ({DOWNLOAD_MB[name]} MB). Choose it on Data, and fetch it."
        )
    if validation_size is None:
        return load_dataset(name)
    return dataset(name).hold_out(validation_size)


@st.cache_resource(show_spinner="Waking the network ...", max_entries=8)
def predictor(name: str | None = None, step: int = 0, attempt: int = 0) -> "Predictor":
    """A built-in model or a run's network; `step` distinguishes a run's newer weights from older ones.

    attempt: needed for a run that still trains, which may reach a step twice, with different weights.
    """
    from mnistlab.predict import load_predictor

    return load_predictor(name, store())


@st.cache_resource(show_spinner="Waking the network ...")
def likeness() -> "Likeness":
    """The judge of whether a picture resembles any training digit."""
    from mnistlab.likeness import load_likeness

    return load_likeness()


@st.cache_resource(show_spinner=False, ttl=_DEVICE_SECONDS)
def device_line() -> str:
    """The device that trains, in words, with the threads of the running engine, else of the next; imports torch."""
    from mnistlab import offers
    from mnistlab.device import describe_device

    if offers.in_a_lab():
        return "Trains on the lab's workers"
    with contextlib.suppress(ConfigError, StoreError):  # reported when Start is pressed
        return describe_device(threads=int(_told_by_engine(cores.THREADS_VARIABLE) or cores.threads_each()))
    return describe_device()


@st.cache_resource(show_spinner=False, ttl=_DEVICE_SECONDS)
def num_workers() -> int | None:
    """How many trainings the running engine, else the next one, takes at a time; None if a setting is invalid."""
    with contextlib.suppress(ConfigError, StoreError):  # reported when Start is pressed
        return int(_told_by_engine(cores.WORKERS_VARIABLE) or cores.num_workers())
    return None


def _told_by_engine(variable: str) -> float | None:
    """A setting of the running engine; None if none is running, or its notice lacks it."""
    from mnistlab import notice

    engine = notice.read()
    return engine.settings.get(variable) if engine is not None else None


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Load what the next click will need, once for the server, after its first page is on screen."""
    with contextlib.suppress(MnistLabError):  # the page that needs it will say what is wrong
        dataset()
        predictor()
        likeness()
    with contextlib.suppress(StoreError):  # the store is read-only, which is reported on a write
        keeping.clear_away(store())
    device_line()
    _share_the_processor()
    _spare_the_collector()
    threading.Thread(target=_wake_engine, daemon=True).start()
    _warm.set()


def is_warm() -> bool:
    """Whether `warm_up` is done, so that torch is loaded."""
    return _warm.is_set()


def _share_the_processor() -> None:
    """Let thirty pages be drawn beside trainings on the other cores.

    A page computes little at a time: with more threads, torch would spend more time on their waiting than it saves.
    """
    import torch

    num_cores = os.cpu_count() or 1
    with contextlib.suppress(ConfigError):  # reported when Start is pressed
        num_cores = cores.num_cores()
    torch.set_num_threads(max(1, num_cores // 4))
    sys.setswitchinterval(_SWITCH_EVERY)


def _spare_the_collector() -> None:
    """Exclude all present objects, which are here to stay, from garbage collections.

    A collection takes 30 ms with torch loaded, during which no request is answered. Streamlit's own after each script
    is switched off in .streamlit/config.toml.
    """
    gc.collect()
    gc.freeze()


def _wake_engine() -> None:
    """Start the engine and hand it the waiting runs; if that fails, the next press of Start will report it."""
    from mnistlab import engine, jobs, tickets

    with contextlib.suppress(MnistLabError, RuntimeError):  # RuntimeError: the server is being stopped meanwhile
        tickets.renew(with_defaults=True)
        engine.client()
        jobs.reconcile(store())
    for module in _NEEDED_LATER:
        importlib.import_module(module)
    _spare_the_collector()  # of all this, and of Dask, which the engine's client imports
