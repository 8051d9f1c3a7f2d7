"""The models that come with mnistlab, each with the record of how it was made.

python -m mnistlab.builtin small-cnn tutorial-mlp     # makes them again, from their presets
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from mnistlab.errors import ModelNotFoundError
from mnistlab.paths import BUILTIN_MODELS

DEFAULT_MODEL = "pen-cnn"


def builtin_names() -> list[str]:
    """The models that come with mnistlab, the default first."""
    names = sorted(path.stem for path in BUILTIN_MODELS.glob("*.safetensors"))
    return sorted(names, key=lambda name: name != DEFAULT_MODEL)


def no_such_model(name: str) -> ModelNotFoundError:
    """The error for a name that is neither a run's id nor a built-in model's."""
    return ModelNotFoundError(
        f"There is no model {name!r}. Give a run's id or one of the built-in models: {', '.join(builtin_names())}."
    )


def builtin_record(name: str) -> dict[str, Any]:
    """How a built-in model was made: command, config, machine, epochs and result."""
    record: dict[str, Any] = json.loads((BUILTIN_MODELS / f"{name}.json").read_text(encoding="utf-8"))
    return record


def weights_digest(name: str, folder: Path = BUILTIN_MODELS) -> str:
    """A digest of a built-in model's weights in this folder, to tell what was computed with them."""
    return hashlib.sha256((folder / f"{name}.safetensors").read_bytes()).hexdigest()
