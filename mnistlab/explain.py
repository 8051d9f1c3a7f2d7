"""Why a network reads one picture as it does: which pixels speak for a digit, and how little would change its mind.

    input_gradient(model, image, digit)         # what a bit more ink at each pixel would do
    integrated_gradients(model, image, digit)   # what the ink that is there adds to the score of a black picture
    find_flip(model, image)                     # the smallest step along a gradient that gives another answer

An image is (28, 28), floats in [0, 1] or uint8; any other raises an ImageError. A digit is 0 to 9; any other raises a
ConfigError. A model is in eval mode on the CPU. A digit's score is its logit.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mnistlab.data import IMAGE_SIDE, NUM_CLASSES
from mnistlab.errors import ConfigError, ImageError
from mnistlab.models import in_batches
from mnistlab.predict import as_pictures

Picture = npt.NDArray[np.float32]

_PATH_STEPS = 128
_LONGEST = 14.0  # half of the way from black to white: a step that long leaves nothing of a digit
_SEARCHED = 561  # lengths tried at once, 0.025 apart
_HALVINGS = 12  # to 0.025 / 4096


def input_gradient(model: nn.Module, image: Picture, digit: int) -> Picture:
    """How fast the score of a digit rises with the value of each pixel: (28, 28)."""
    return _gradients(model, _tensor(image)[None], digit)[0].numpy()


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each pixel contributed to the score of a digit: `values` (28, 28).

    They add up to `score` - `empty_score`, the digit's scores for the picture and for a black one.
    """

    values: Picture
    score: float
    empty_score: float


def integrated_gradients(model: nn.Module, image: Picture, digit: int) -> Attribution:
    """Average the gradients on the straight line from a black picture to this one, times the ink of each pixel.

    Source: M. Sundararajan et al., Axiomatic attribution for deep networks, ICML 2017; midpoint rule with 128 parts.
    """
    ink = _tensor(image)
    midpoints = (torch.arange(_PATH_STEPS) + 0.5) / _PATH_STEPS
    mean = _gradients(model, midpoints[:, None, None] * ink, digit).mean(0)
    with torch.inference_mode():
        empty, score = model(torch.stack([torch.zeros_like(ink), ink]))[:, digit].tolist()
    return Attribution((mean * ink).numpy(), score, empty)


@dataclass(frozen=True, eq=False)
class Flip:
    """The smallest step along a fixed direction that changes the answer.

    `direction` (28, 28) has length 1, so that `size` is a distance between pictures: the root of the summed squared
    differences of their pixels, before values are cut to 0 and 1. `before` and `after` are the answers.
    """

    direction: Picture
    size: float
    before: int
    after: int


def find_flip(model: nn.Module, image: Picture, towards: int | None = None) -> Flip | None:
    """Go along the gradient that favours another digit over the answer, until the answer changes.

    Args:
        towards: the digit to favour; None for the runner-up.

    Returns:
        None if that gradient is zero, or no step up to half of the way from black to white is enough.
    """
    ink = _tensor(image)
    with torch.inference_mode():
        before, runner_up = model(ink[None])[0].topk(2).indices.tolist()
    gradient = _gradients(model, ink[None], runner_up if towards is None else towards, against=before)[0]
    length = gradient.norm()
    if length == 0 or towards == before:
        return None
    direction = gradient / length
    size = _first_change(model, ink, direction, before)
    if size is None:
        return None
    after = int(_answers(model, ink, direction, torch.tensor([size]))[0])
    return Flip(direction.numpy(), size, before, after)


def take_step(image: Picture, flip: Flip, size: float) -> Picture:
    """The picture after a step of this size along the flip's direction, clipped to [0, 1]."""
    return _stepped(_tensor(image), torch.from_numpy(flip.direction), torch.tensor([size]))[0].numpy()


def _first_change(model: nn.Module, ink: torch.Tensor, direction: torch.Tensor, before: int) -> float | None:
    """The smallest size with another answer: all sizes of a grid at once, then halving the gap before the first."""
    sizes = torch.linspace(0, _LONGEST, _SEARCHED)
    changed = (_answers(model, ink, direction, sizes) != before).nonzero()
    if len(changed) == 0:
        return None
    first = int(changed[0])
    low, high = float(sizes[max(0, first - 1)]), float(sizes[first])
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _answers(model, ink, direction, torch.tensor([middle]))[0] == before:
            low = middle
        else:
            high = middle
    return high


@torch.inference_mode()
def _answers(model: nn.Module, ink: torch.Tensor, direction: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    answers: torch.Tensor = in_batches(model, _stepped(ink, direction, sizes)).argmax(1)
    return answers


def _stepped(ink: torch.Tensor, direction: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    return (ink + sizes[:, None, None] * direction).clamp(0, 1)


def _gradients(model: nn.Module, images: torch.Tensor, digit: int, against: int | None = None) -> torch.Tensor:
    """(N, 28, 28): the gradient of each image's score of a digit, less that of another one if given."""
    if digit not in range(NUM_CLASSES):
        raise ConfigError(f"A digit is 0 to {NUM_CLASSES - 1}; got {digit!r}.")
    images = images.clone().requires_grad_()
    with torch.enable_grad():
        logits = model(images)
        score = logits[:, digit] if against is None else logits[:, digit] - logits[:, against]
    (gradients,) = torch.autograd.grad(score.sum(), images)
    return gradients


def _tensor(image: npt.ArrayLike) -> torch.Tensor:
    picture = np.asarray(image)
    if picture.shape != (IMAGE_SIDE, IMAGE_SIDE):
        raise ImageError(
            f"One image is (28, 28); got an array of shape {picture.shape}. Of several, take one: images[0]."
        )
    return torch.from_numpy(as_pictures(picture[None])[0])
