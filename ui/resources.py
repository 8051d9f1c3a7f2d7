"""What all sessions of the server share, made once: store, drawings, data sets, models. Thin over the core.

torch takes two seconds to import, so that only functions here import what needs it: the first page is on
screen before `warm_up` begins.
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

# What pages import when they are opened: together with torch's optimizers 160,000 objects, 85 ms of a collection.
_NEEDED_LATER = ("mnistlab.training", "mnistlab.untrained", "mnistlab.explain", "mnistlab.robustness", "ui.charts")

# Seconds for which one script may hold the others up. Each message to a browser and each query of the store waits
# for so long, and Python's own 5 ms add up where thirty pages are drawn.
_SWITCH_EVERY = 0.001

_DEVICE_SECONDS = 5.0  # within which the page names the threads of another engine

_warm = threading.Event()


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The database that MNISTLAB_DB names."""
    return Store()


@st.cache_resource(show_spinner=False)
def curves() -> Curves:
    """The curves that have been read from the store so far."""
    return Curves(store())


@st.cache_resource(show_spinner=False)
def drawings() -> "Drawings":
    """The drawings that this lab has kept."""
    from mnistlab.drawings import Drawings  # here: a database that may only be read need not have their table

    return Drawings(store())


@st.cache_resource(show_spinner="Unpacking the digits ...", max_entries=6)
def dataset(name: DatasetName = "mnist", validation_size: int | None = None) -> Dataset:
    """A data set with the default hold-out, or with another number of validation images.

    Raises:
        DataError: it is not on this computer: only who asks for it fetches it, on Data.
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
    """A built-in model or a run's network; `step` tells a run's newer weights from its older ones.

    attempt: of a run that still trains, for it may come to a step twice, with other weights.
    """
    from mnistlab.predict import load_predictor

    return load_predictor(name, store())


@st.cache_resource(show_spinner="Waking the network ...")
def likeness() -> "Likeness":
    """What tells whether a picture resembles any training digit."""
    from mnistlab.likeness import load_likeness

    return load_likeness()


@st.cache_resource(show_spinner=False, ttl=_DEVICE_SECONDS)
def device_line() -> str:
    """The device that trains, in words, with the threads of the engine that runs, else of the next; imports torch."""
    from mnistlab import offers
    from mnistlab.device import describe_device

    if offers.in_a_lab():
        return "Trains on the lab's workers"
    with contextlib.suppress(ConfigError, StoreError):  # whoever presses Start is told
        return describe_device(threads=int(_told_by_engine(cores.THREADS_VARIABLE) or cores.threads_each()))
    return describe_device()


@st.cache_resource(show_spinner=False, ttl=_DEVICE_SECONDS)
def num_workers() -> int | None:
    """How many trainings at a time the engine that runs takes, else the next; None where a setting is wrong."""
    with contextlib.suppress(ConfigError, StoreError):  # whoever presses Start is told
        return int(_told_by_engine(cores.WORKERS_VARIABLE) or cores.num_workers())
    return None


def _told_by_engine(variable: str) -> float | None:
    """A setting of the engine that runs; None where none does, or it does not tell."""
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
    with contextlib.suppress(StoreError):  # it can be read only, which whoever wants to write is told
        keeping.clear_away(store())
    device_line()
    _share_the_processor()
    _spare_the_collector()
    threading.Thread(target=_wake_engine, daemon=True).start()
    _warm.set()


def is_warm() -> bool:
    """Whether what needs torch is here."""
    return _warm.is_set()


def _share_the_processor() -> None:
    """Let thirty pages be drawn beside trainings on the other cores.

    A page computes little at a time: several threads of torch for it would wait for each other more than they save.
    """
    import torch

    num_cores = os.cpu_count() or 1
    with contextlib.suppress(ConfigError):  # whoever presses Start is told
        num_cores = cores.num_cores()
    torch.set_num_threads(max(1, num_cores // 4))
    sys.setswitchinterval(_SWITCH_EVERY)


def _spare_the_collector() -> None:
    """Leave what is here now, and here to stay, out of garbage collections.

    One takes 30 ms with torch loaded, in which nothing else is answered. Streamlit's own after each script is off, in
    .streamlit/config.toml.
    """
    gc.collect()
    gc.freeze()


def _wake_engine() -> None:
    """Start the engine and hand it what was left in the queue; whoever presses Start is told if it cannot."""
    from mnistlab import engine, jobs, tickets

    with contextlib.suppress(MnistLabError, RuntimeError):  # RuntimeError: the server is being stopped meanwhile
        tickets.renew(with_defaults=True)
        engine.client()
        jobs.reconcile(store())
    for module in _NEEDED_LATER:
        importlib.import_module(module)
    _spare_the_collector()  # of all this and of Dask too, which has come with the engine
