"""What the JSON files of an exported run may contain: every field with its type and bounds, and no other fields."""

import re
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mnistlab.config import MAX_EPOCHS, RunConfig
from mnistlab.errors import ArchiveError
from mnistlab.export.archive import FORMAT, NAMES
from mnistlab.keeping import strange_sign
from mnistlab.parsing import describe

_MOST_STEPS = 100_000_000  # only 60,000 images doubled, one per batch, for 1,000 epochs would have more: 120 million
_MOST_SECONDS = 1e10

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(ge=0, le=3.41e38)]  # a loss of 32 bits may be as large
Seconds = Annotated[float, Field(ge=0, le=_MOST_SECONDS)]
Steps = Annotated[int, Field(ge=0, le=_MOST_STEPS)]
Size = Annotated[int, Field(ge=0, le=100_000_000)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Rate = Annotated[float, Field(gt=0, le=100)]


def _without_controls(text: str) -> str:
    """Check that text is as people type it: no escape sequence for a terminal, no zero byte for a database."""
    if strange_sign(text.replace("\n", " ").replace("\t", " ")) is not None:
        raise ValueError("characters that cannot be printed are not allowed")
    return text


def _on_one_line(text: str) -> str:
    if strange_sign(text) is not None:
        raise ValueError("line breaks and characters that cannot be printed are not allowed")
    return text


Line = Annotated[str, Field(max_length=80), AfterValidator(_on_one_line)]
Prose = Annotated[str, Field(max_length=10_000), AfterValidator(_without_controls)]


def _one_after_another(changes: list[tuple[int, float]]) -> list[tuple[int, float]]:
    steps = [step for step, _ in changes]
    if steps != sorted(steps):
        raise ValueError("each change with the step after which it was made, the earliest first")
    return changes


_Parsed = TypeVar("_Parsed")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class Result(_Strict):
    """How a run ended, as the recorder keeps it."""

    test_accuracy: Share
    test_loss: Positive
    per_digit: Annotated[list[Annotated[list[Count], Field(min_length=2, max_length=2)]], Field(max_length=10)]
    test_readings: Annotated[int, Field(ge=1, le=1000)] = 1
    train_seconds: Seconds
    images_per_second: Positive
    num_parameters: Size
    machine: Annotated[dict[Line, Line], Field(max_length=10)]


class Told(_Strict):
    """How a run went."""

    id: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9-]+$")]  # a run's or a built-in model's
    name: Line | None
    note: Prose | None
    created: Seconds
    seconds: Seconds
    step: Annotated[int, Field(ge=1, le=_MOST_STEPS)]
    num_steps: Steps
    rate_changes: Annotated[list[tuple[Steps, Rate]], Field(max_length=10_000), AfterValidator(_one_after_another)]
    result: Result
    planned_epochs: Annotated[int, Field(ge=1, le=MAX_EPOCHS)] | None = None  # before it was given more


class Weight(_Strict):
    """The size that a file must have, and its SHA-256."""

    bytes: Size
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(_Strict):
    """manifest.json."""

    format: int
    mnistlab: Line
    exported: Line
    run: Told
    files: dict[str, Weight]


class ProbesTold(_Strict):
    """A look inside the network, with the fields of `events.Probes`."""

    layers: Annotated[list[Line], Field(max_length=20)]
    gradients: Annotated[list[Positive], Field(max_length=20)]
    dead: Share | None


class Report(_Strict):
    """One report of a training, on all steps since the report before it."""

    step: Steps
    accuracy: Share
    learning_rate: Annotated[float, Field(ge=0, le=100)]
    probes: ProbesTold | None


class Epoch(_Strict):
    """The figures of an epoch, with the fields of `events.EpochEnded`."""

    epoch: Annotated[int, Field(ge=0, le=1000)]
    step: Steps
    train_loss: Positive | None
    train_accuracy: Share | None
    validation_loss: Positive | None
    validation_accuracy: Share | None
    images_per_second: Positive
    seconds: Seconds


class _OnlyFormat(BaseModel):
    """The fields that a manifest of any version has."""

    format: Annotated[int, Field(ge=1)]
    mnistlab: str = "?"


EPOCHS = TypeAdapter(Annotated[list[Epoch], Field(min_length=1, max_length=1001)])
# A training reports four times a second: this is fourteen hours. They are written in one go, while others wait.
REPORTS = TypeAdapter(Annotated[list[Report], Field(max_length=200_000)])


def read_manifest(content: bytes) -> Manifest:
    """Parse manifest.json.

    Raises:
        ArchiveError: it is of a newer version, or malformed.
    """
    version = _parse(TypeAdapter(_OnlyFormat), content, "manifest.json")
    if version.format > FORMAT:
        raise ArchiveError(
            f"This run was exported by a newer mnistlab ({version.mnistlab[:20]!r}, format {version.format}; this one "
            f"reads format {FORMAT}). Update mnistlab."
        )
    manifest = _parse(TypeAdapter(Manifest), content, "manifest.json")
    unknown = set(manifest.files) - set(NAMES)
    if unknown:
        raise ArchiveError(f"The manifest lists {min(unknown)[:60]!r}, which no exported run has.")
    return manifest


def read_config(content: bytes) -> RunConfig:
    """Parse config.json.

    Raises:
        ArchiveError: a setting is unknown, of the wrong type or out of bounds.
    """
    config = _parse(TypeAdapter(RunConfig), content, "config.json")
    markup = re.search(r"[][<>`*$|~!#&\\]", config.preset)  # a notebook may choose any name without these
    if markup is not None or strange_sign(config.preset) is not None:
        raise ArchiveError(f"The config's preset has a name that no preset can have: {config.preset!r}.")
    return config


def read_epochs(content: bytes) -> list[Epoch]:
    """Parse epochs.json."""
    return _parse(EPOCHS, content, "epochs.json")


def read_reports(content: bytes) -> list[Report]:
    """Parse reports.json."""
    return _parse(REPORTS, content, "reports.json")


def _parse(adapter: TypeAdapter[_Parsed], content: bytes, name: str) -> _Parsed:
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        first = describe(error).splitlines()[0]
        raise ArchiveError(f"{name} is not as an exported run has it: {first[:300]}.") from error
