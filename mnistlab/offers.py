"""Which workers may take which run: what a run needs, and what the workers of a lab offer.

A worker of a lab declares what it has at its start, `python -m dask worker ADDRESS --nthreads 1 --resources "GPU=1"`:
each GPU is given to one run at a time. The local engine's workers declare nothing and take every run.
"""

from collections.abc import Mapping, Sequence

from mnistlab.config import RunConfig
from mnistlab.paths import setting

GPU, CPU = "GPU", "CPU"
Offer = Mapping[str, float]  # of one worker: {"GPU": 1.0}


def gpus_of(config: RunConfig) -> int:
    """How many GPUs a run needs: one if it names a GPU as its device; auto takes what the next free worker has."""
    return 0 if config.train.device in ("auto", "cpu") else 1


def kind_of(config: RunConfig) -> int | None:
    """The GPUs by which runs and workers are matched in a lab; None on the local engine."""
    return gpus_of(config) if in_a_lab() else None


def in_a_lab() -> bool:
    """Whether runs are executed by workers that somebody has started on other machines."""
    return bool(setting("MNISTLAB_SCHEDULER"))


def demand(num_gpus: int | None, offers: Sequence[Offer]) -> dict[str, float]:
    """The resources a worker must have: GPUs, or a CPU if some workers declare one."""
    if num_gpus:
        return {GPU: num_gpus}
    return {CPU: 1} if any(CPU in offer for offer in offers) else {}


def missing(config: RunConfig, offers: Sequence[Offer]) -> str | None:
    """Say in a sentence why no worker of a lab can take this run; None where one can."""
    num_gpus = gpus_of(config)
    if not num_gpus or any(offer.get(GPU, 0) >= num_gpus for offer in offers):
        return None
    return (
        f"It asks for the device {config.train.device!r}, and none of the {len(offers)} workers offers a GPU. Start a "
        'worker with --resources "GPU=1" on a machine that has one, or stop the run and choose the device cpu or auto.'
    )
