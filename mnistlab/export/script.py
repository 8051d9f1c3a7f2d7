"""A run as a plain PyTorch script of at most 60 lines that makes the same steps, with torch and torchvision alone.

It contains nothing that the run does not use. Its losses are the run's up to rounding: the lab computes large products
in another way (linear.py). If so short a script cannot do what the run did, the error names what is in the way.
"""

import math
import re
import textwrap

import mnistlab
from mnistlab.config import RunConfig
from mnistlab.data import HOLD_OUT_SEED
from mnistlab.differences import settings
from mnistlab.errors import ExportError
from mnistlab.export import script_steps
from mnistlab.export.script_lines import LONGEST_LINE, folded
from mnistlab.export.script_model import model_lines
from mnistlab.export.script_warps import TOO_LONG, warp_lines
from mnistlab.export.source import CURVE_INSTEAD, Source, end_problem

MOST_LINES = 60
_SEVERAL = re.compile(r"in (?!1 )\d+ processes")  # as parallel.py describes a device
# How torchvision opens each data set, and what is then done to its pictures and labels.
_DATASETS = {
    "mnist": ('MNIST("data", train=part, download=True)', "", ""),
    "fashion-mnist": ('FashionMNIST("data", train=part, download=True)', "", ""),
    "kmnist": ('KMNIST("data", train=part, download=True)', "", ""),
    "emnist-digits": ('EMNIST("data", "digits", train=part, download=True)', ".transpose(1, 2)", ""),
    "qmnist": ('QMNIST("data", "train" if part else "test10k", download=True)', "", "[:, 0]"),
}


def to_script(source: Source) -> str:
    """The script, ready to run: it reads the data set from the folder `data`, and downloads it if it is not there.

    Raises:
        ExportError: it would be longer than 60 lines, or the run did what a script cannot repeat.
    """
    config = source.config
    _check(source)
    _, pictures, labels = _DATASETS[config.dataset]
    lines = [
        *_head(source),
        *_data(config),
        *_generator(config),
        *warp_lines(config.augment),
        *script_steps.order_lines(config),
        *script_steps.rate_lines(source),
        f"torch.manual_seed({config.train.seed})  # for the first weights, and for dropout",
        *model_lines(config.model),
        script_steps.optimizer_line(config),
        *script_steps.loop_lines(source),
        *script_steps.test_lines(config, pictures, labels),
    ]
    lines = [piece for line in lines for piece in folded(line)]
    if len(lines) > MOST_LINES:
        lines = [line for line in lines if line]
    if len(lines) > MOST_LINES:
        raise ExportError(
            f"A script that does what {source.name} did takes {len(lines)} lines; {MOST_LINES} are allowed. What makes "
            f"it long is {_longest_part(source)}. {_instead(source)}"
        )
    return "\n".join(lines) + "\n"


def script_problem(outline: Source) -> str | None:
    """Why there is no script of a network, None if there is one; an outline without weights is enough.

    Of its curve only the learning rates are used, and only if there is a schedule.
    """
    try:
        to_script(outline)
    except ExportError as error:
        return str(error)
    return None


def _check(source: Source) -> None:
    """Refuse what no short script can do."""
    for name in TOO_LONG:
        if getattr(source.config.augment, name):
            raise ExportError(
                f"{source.name} was trained with the augmentation setting {name!r}, which a script of at most "
                f"{MOST_LINES} lines cannot carry. {_instead(source)}"
            )
    machine = source.result.get("machine", {})
    for device in (machine.get("earlier device", "CPU"), machine.get("device", "CPU")):
        _check_device(source, device)
    if source.config.train.schedule != "constant" and not _kept_its_schedule(source):
        raise ExportError(
            f"{source.name} was given more epochs later, which stretched its {source.config.train.schedule} schedule "
            f"midway: a script cannot repeat that. {_instead(source)}"
        )


def _instead(source: Source) -> str:
    """What to export instead of a script: the curve of a failed run, else the zip, if it can be made."""
    if source.state == "failed":
        return CURVE_INSTEAD
    if end_problem(source.name, source.state, source.result, "a zip") is None:
        return "Take the zip instead, which holds the whole run."
    return "Take its weights instead, as safetensors or ONNX."


def _check_device(source: Source, device: str) -> None:
    if not device.startswith("CPU"):
        raise ExportError(
            f"{source.name} was trained on {device}, whose random numbers differ from a CPU's: a script could not "
            f"repeat its steps elsewhere. {_instead(source)}"
        )
    if _SEVERAL.search(device) and settings(source.config).get("dropout"):
        raise ExportError(
            f"{source.name} was trained with dropout on {device}, each of which drew random numbers of its own: a "
            f"script could not repeat its steps. {_instead(source)}"
        )


def _kept_its_schedule(source: Source) -> bool:
    """Whether every learning rate that was reported is the one of the schedule over all steps."""
    from mnistlab.optimizers import LearningRate  # imports torch, which a page should not wait for

    rates = LearningRate(source.config.train, source.num_steps, source.rate_changes)
    reported = zip(source.curve.report_steps.tolist(), source.curve.learning_rates.tolist(), strict=True)
    return all(math.isclose(rate, rates.at(step - 1), rel_tol=1e-6, abs_tol=1e-12) for step, rate in reported)


def _longest_part(source: Source) -> str:
    parts = {
        "its augmentation": warp_lines(source.config.augment),
        "its network": model_lines(source.config.model),
        "the course of its learning rate": script_steps.rate_lines(source),
    }
    return max(parts, key=lambda part: sum(len(folded(line)) for line in parts[part]))


def _head(source: Source) -> list[str]:
    shape, version = source.config.model.shape, mnistlab.__version__
    about = f'"""{shape}: the same steps and losses as {source.name} of mnistlab {version}, on a CPU, but for rounding.'
    if source.state != "finished":
        about += (
            f" When this was written, the run had taken {source.step:,} of its {source.num_steps:,} steps: the script "
            "takes them all."
        )
    return [
        *textwrap.wrap(about, LONGEST_LINE, break_on_hyphens=False),
        'Rounding adds up: late losses differ. Left out, for they change no step: validation, pauses, checkpoints."""',
        "import numpy as np",
        "import torch",
        "from torch import nn",
        "from torchvision import datasets",
        "",
    ]


def _data(config: RunConfig) -> list[str]:
    opened, pictures, labels = _DATASETS[config.dataset]
    start, size = config.train.validation_size, config.train.train_size
    those = f"{start}:{start + size}" if size else f"{start}:"
    chosen = f"np.sort(np.random.default_rng({HOLD_OUT_SEED}).permutation(len(source.data))[{those}])"
    kept = "[kept]" if start or size else ""
    return [
        f"BATCH, EPOCHS = {config.train.batch_size}, {config.train.epochs}",
        *(["torch.set_flush_denormal(True)  # many times as fast"] if config.train.optimizer != "sgd" else []),
        f"source, test = [datasets.{opened} for part in (True, False)]",
        *([f"kept = {chosen}  # the lab holds the others out"] if kept else []),
        f"images, labels = source.data{kept}{pictures}, source.targets{kept}{labels}",
    ]


def _generator(config: RunConfig) -> list[str]:
    if not script_steps.draws_order(config):
        return []
    return [
        "",
        "def generator(*purpose):  # random numbers of their own for each use, epoch and chunk",
        f"    state = np.random.SeedSequence([{config.train.seed}, *purpose]).generate_state(1, np.uint64)[0]",
        "    return torch.Generator().manual_seed(int(state >> np.uint64(1)))",
        "",
    ]
