"""Does a picture resemble any digit that the network has learned from? If none is near, its answer is not believed.

    likeness = load_likeness()
    likeness.distance(image)                # to the nearest of 4,000 training digits, in the hidden layer
    likeness.is_unlike(image)               # whether that is farther than for nearly any digit

A network spreads its ten probabilities over whatever it is shown, and may be sure of a scribble or a letter. But its
hidden layer maps these to where no training digit lies. How far is too far is measured on the validation images alone:
a share of `FAMILIAR` is nearer. Source of the idea: Sun et al., "Out-of-distribution detection with deep nearest
neighbors", 2022, https://arxiv.org/abs/2204.06507.

    python -m mnistlab.likeness             # measures MODEL again, and writes MODEL.likeness beside it
"""

import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save

from mnistlab.builtin import weights_digest
from mnistlab.checkpoint import read_header
from mnistlab.data import Dataset, load_dataset
from mnistlab.doubt import Shape, check_shape
from mnistlab.hidden import hidden_features
from mnistlab.ink import FloatImage, Framing
from mnistlab.paths import BUILTIN_MODELS
from mnistlab.predict import Predictor, load_predictor

# Not the default model, which was trained to ignore a stroke across, and so finds an F more like a digit.
MODEL = "best-cnn"
NUM_EXAMPLES = 4000  # training digits to compare with; with half as many, a third more scribbles are missed
FAMILIAR = 0.995  # share of the validation digits that are near enough to one of them


@dataclass(frozen=True, eq=False)
class Likeness:
    """A network, its hidden features of training digits, (N, W) float32, and the largest distance allowed."""

    predictor: Predictor
    examples: npt.NDArray[np.float32]
    limit: float

    def distance(self, image: FloatImage) -> float:
        """How far a picture (28, 28) in [0, 1] is from the nearest training digit, in the hidden layer."""
        return float(_to_nearest(hidden_features(self.predictor.network, image[None]), self.examples)[0])

    def is_unlike(self, image: FloatImage) -> bool:
        """Whether this picture (28, 28) in [0, 1] is farther from all training digits than nearly any digit is."""
        return self.distance(image) > self.limit


def measure(predictor: Predictor, dataset: Dataset) -> Likeness:
    """Read training digits; find the distance within which a share `FAMILIAR` of the validation digits has one."""
    examples = hidden_features(predictor.network, dataset.train.images[:NUM_EXAMPLES])
    examples = examples.astype(np.float16).astype(np.float32)  # as they are stored
    distances = _to_nearest(hidden_features(predictor.network, dataset.validation.images), examples)
    return Likeness(predictor, examples, float(np.quantile(distances, FAMILIAR)))


def doubt_about(framing: Framing, likeness: Likeness) -> Shape | None:
    """What a drawing is if it is not one digit: by its shape, or because it resembles no training digit."""
    shape = check_shape(framing.ink)
    return Shape.UNLIKE if shape is None and likeness.is_unlike(framing.image) else shape


@lru_cache(maxsize=1)
def load_likeness() -> Likeness:
    """Load the stored measurement of the model; if its weights have changed since, measure again, in some seconds."""
    predictor = load_predictor(MODEL)
    return kept(predictor) or measure(predictor, load_dataset(predictor.config.dataset))


def kept(predictor: Predictor, folder: Path = BUILTIN_MODELS) -> Likeness | None:
    """What was stored for these weights of a built-in model; None if it was made with others."""
    path = folder / f"{predictor.name}.likeness"
    content = path.read_bytes() if path.exists() else b""
    about = read_header(content) if content else {}
    if about.get("weights") != weights_digest(predictor.name):
        return None
    return Likeness(predictor, load(content)["examples"].astype(np.float32), float(about["limit"]))


def write(found: Likeness, folder: Path = BUILTIN_MODELS) -> None:
    """Store it beside the built-in model: 4,000 x W numbers of 2 bytes."""
    name = found.predictor.name
    about = {"mnistlab": "1", "weights": weights_digest(name), "limit": repr(found.limit)}
    (folder / f"{name}.likeness").write_bytes(save({"examples": found.examples.astype(np.float16)}, about))


def _to_nearest(asked: npt.NDArray[np.float32], examples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The distance of each of (M, W) vectors to the nearest of (N, W): (M,)."""
    squared = np.square(asked).sum(1)[:, None] + np.square(examples).sum(1) - 2 * asked @ examples.T
    nearest: npt.NDArray[np.float32] = np.sqrt(np.maximum(squared.min(axis=1), 0))
    return nearest


def main() -> None:
    """Measure the model and write the result beside it."""
    predictor = load_predictor(MODEL)
    found = measure(predictor, load_dataset(predictor.config.dataset))
    write(found)
    sys.stderr.write(f"{MODEL}: a digit is within {found.limit:.2f}\n")


if __name__ == "__main__":
    main()
