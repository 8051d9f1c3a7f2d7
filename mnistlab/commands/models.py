"""`evaluate` and `classify`: what can be done with a trained model."""

import argparse
import json
from pathlib import Path

from mnistlab.errors import ImageError, MnistLabError
from mnistlab.figures import certainty, percent


def evaluate(options: argparse.Namespace) -> int:
    """Print loss, accuracy and the tutorial's line for each digit."""
    from mnistlab.data import load_dataset
    from mnistlab.evaluation import digit_line
    from mnistlab.evaluation import evaluate as measure
    from mnistlab.predict import load_predictor

    predictor = load_predictor(options.run)
    dataset = load_dataset(predictor.config.dataset)
    if options.split != "test":
        dataset = dataset.hold_out(predictor.config.train.validation_size)
    is_train = options.split == "train"
    split = dataset.train_of(predictor.config.train.train_size) if is_train else dataset.split(options.split)
    if len(split) == 0:
        raise MnistLabError(f"{predictor.name} was trained without a validation split. Choose test or train.")
    evaluation = measure(predictor.model, split)
    if options.json:
        figures = {
            "model": predictor.name,
            "split": split.name,
            "loss": evaluation.loss,
            "accuracy": evaluation.accuracy,
            "per_digit": evaluation.per_digit,
            "confusion": evaluation.confusion.tolist(),
        }
        print(json.dumps(figures))
        return 0
    print(f"{predictor.name}, {split.name}: loss {evaluation.loss:.4f}, accuracy {percent(evaluation.accuracy)}")
    for digit, (num_correct, num_images) in enumerate(evaluation.per_digit):
        print(digit_line(digit, num_correct, num_images))
    return 0


def classify(options: argparse.Namespace) -> int:
    """Print the digit read in each file; a file without one is reported and makes the command fail."""
    from mnistlab.doubt import unsure
    from mnistlab.likeness import doubt_about, load_likeness
    from mnistlab.predict import recognise_photo

    failures = 0
    for name in options.files:
        try:
            recognition = recognise_photo(_content(Path(name)), options.model)
        except ImageError as error:
            failures += 1
            print(json.dumps({"file": name, "error": str(error)}) if options.json else f"{name}: {error}")
            continue
        doubt: str | None = doubt_about(recognition.framing, load_likeness())
        if doubt is None and unsure(recognition.probabilities):
            doubt = "The network is not sure."
        if options.json:
            probabilities = [round(float(p), 6) for p in recognition.probabilities]
            told = {"file": name, "digit": recognition.digit, "probabilities": probabilities, "doubt": doubt}
            print(json.dumps(told))
        else:
            said = f"{recognition.digit} ({certainty(recognition.confidence, 1)})"
            print(f"{name}: {said}" if doubt is None else f"{name}: perhaps {said}. {doubt}")
    return 1 if failures else 0


def _content(path: Path) -> bytes:
    from mnistlab.photo import MAX_BYTES, check_size

    try:
        check_size(path.stat().st_size)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # a device tells no size
    except FileNotFoundError as error:  # operating systems word it differently
        raise ImageError("No such file. Give a PNG, JPEG or WebP file.") from error
    except OSError as error:
        raise ImageError(f"Not a picture that can be opened ({error}). Give a PNG, JPEG or WebP file.") from error
