"""mnistlab: teach a computer to read digits, and see how it does it.

    import mnistlab

    dataset = mnistlab.load_dataset()                          # MNIST, bundled
    config = mnistlab.get_preset("tutorial-mlp").config        # 784-512-10, SGD
    started, *events = mnistlab.train(config, dataset)         # one plain loop that tells what happens
    mnistlab.evaluate(started.state.model, dataset.test).accuracy
    mnistlab.recognise(rgba).digit                             # a drawing, read by the built-in model

Names are loaded on first use: `import mnistlab` is instant, and torch is imported by the first name that needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"  # as in pyproject.toml

if TYPE_CHECKING:
    from mnistlab.config import AugmentConfig, ModelConfig, RunConfig, TrainConfig, parse_config
    from mnistlab.data import Dataset, Split, load_dataset
    from mnistlab.errors import MnistLabError
    from mnistlab.evaluation import Evaluation, evaluate
    from mnistlab.events import EpochEnded, StepsTaken, TrainingEnded, TrainingStarted
    from mnistlab.ink import Framing, frame_drawing
    from mnistlab.predict import Predictor, Recognition, load_predictor, recognise
    from mnistlab.presets import PRESETS, get_preset
    from mnistlab.store import Store
    from mnistlab.training import train

__all__ = [
    "PRESETS",
    "AugmentConfig",
    "Dataset",
    "EpochEnded",
    "Evaluation",
    "Framing",
    "MnistLabError",
    "ModelConfig",
    "Predictor",
    "Recognition",
    "RunConfig",
    "Split",
    "StepsTaken",
    "Store",
    "TrainConfig",
    "TrainingEnded",
    "TrainingStarted",
    "evaluate",
    "frame_drawing",
    "get_preset",
    "load_dataset",
    "load_predictor",
    "parse_config",
    "recognise",
    "train",
]

_HOMES = {
    "AugmentConfig": "config",
    "ModelConfig": "config",
    "RunConfig": "config",
    "TrainConfig": "config",
    "parse_config": "config",
    "Dataset": "data",
    "Split": "data",
    "load_dataset": "data",
    "MnistLabError": "errors",
    "Evaluation": "evaluation",
    "evaluate": "evaluation",
    "EpochEnded": "events",
    "StepsTaken": "events",
    "TrainingEnded": "events",
    "TrainingStarted": "events",
    "Framing": "ink",
    "frame_drawing": "ink",
    "Predictor": "predict",
    "Recognition": "predict",
    "load_predictor": "predict",
    "recognise": "predict",
    "PRESETS": "presets",
    "get_preset": "presets",
    "Store": "store",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mnistlab' has no attribute {name!r}")
    return getattr(import_module(f"mnistlab.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
