"""Train presets and keep the results as built-in models: NAME.safetensors and its record, NAME.json."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from mnistlab.checkpoint import pack_weights
from mnistlab.data import load_dataset
from mnistlab.device import describe_machine
from mnistlab.errors import MnistLabError
from mnistlab.evaluation import evaluate
from mnistlab.events import EpochEnded, TrainingEnded, TrainingStarted
from mnistlab.paths import BUILTIN_MODELS
from mnistlab.presets import get_preset
from mnistlab.training import train


def make(name: str, folder: Path = BUILTIN_MODELS) -> None:
    """Train the preset `name`, read the test set once at the end, and write the model with its record to `folder`."""
    preset = get_preset(name)
    dataset = load_dataset(preset.config.dataset)
    epochs = []
    for event in train(preset.config, dataset):
        match event:
            case TrainingStarted():
                started = event
            case EpochEnded():
                epochs.append(vars(event))
                sys.stderr.write(f"{name}: {event}\n")
            case TrainingEnded():
                ended = event
    evaluation = evaluate(started.state.model, dataset.test)
    record = {
        "name": name,
        "title": preset.title,
        "command": f"python -m mnistlab.builtin {name}",
        "made": datetime.now(UTC).date().isoformat(),
        "machine": describe_machine(),
        "config": preset.config.model_dump(),
        "num_parameters": started.num_parameters,
        "train_seconds": round(ended.seconds, 1),
        "test_accuracy": evaluation.accuracy,
        "test_loss": evaluation.loss,
        "per_digit": evaluation.per_digit,
        "epochs": epochs,
    }
    (folder / f"{name}.safetensors").write_bytes(pack_weights(started.state.model, preset.config))
    (folder / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        for preset_name in sys.argv[1:]:
            make(preset_name)
    except MnistLabError as error:
        sys.exit(str(error))
