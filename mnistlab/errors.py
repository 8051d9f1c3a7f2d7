"""The errors a caller can cause, each with a sentence that says what was given, what is allowed, what to do.

MnistLabError
    ConfigError          a setting that is unknown or out of bounds
    DataError            a data set that is missing, damaged or cannot be fetched
    ModelNotFoundError   no built-in model and no run of that name
    ModelError           a network that does not read pictures of 28x28 pixels as ten digits
    RunNotFoundError     no such run in the store
    StoreError           the database cannot be opened, read or written
        DatabaseGoneError   its file is gone
            DatabaseReplacedError   another file bears its name since the training began
    SweepNotFoundError   no such sweep in the store
        OtherVersionError    it is there, as another version of mnistlab has written it
    StudyError           a sweep's study, in which its results are collected, cannot be used
        StudyRefusedError   its database or disk refuses it, perhaps only for a while
    EngineError          the engine that runs trainings cannot be started or reached
        EngineBusyError     one of another version is in use, or it hangs; runs wait in the queue meanwhile
    DivergedError        a training whose loss is no longer a number
    OutOfMemoryError     a training that needs more memory than there is
    ExportError          a run that the format asked for cannot hold, or a file that cannot be written
    ArchiveError         an exported run that is damaged, not from here, or not safe to take in
    ImageError           a picture of the wrong shape, type or format
        EmptyDrawingError    a canvas without ink
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnistlab.events import StepsTaken


class MnistLabError(Exception):
    """Any error that a caller can fix; the message is written to be shown to people."""


class ConfigError(MnistLabError):
    """A setting is unknown, of the wrong type or out of bounds."""


class DataError(MnistLabError):
    """A data set is missing, damaged or cannot be fetched."""


class ModelNotFoundError(MnistLabError):
    """No built-in model and no run has this name."""


class ModelError(MnistLabError):
    """A network takes other pictures than the lab's, or gives other answers."""


class RunNotFoundError(ModelNotFoundError):
    """The store holds no run of this id."""


class StoreError(MnistLabError):
    """The database cannot be opened, read or written."""


class DatabaseGoneError(StoreError):
    """The database's file was moved or deleted while it was open."""


class DatabaseReplacedError(DatabaseGoneError):
    """The database's file was replaced by another one while a training had it open."""


class SweepNotFoundError(MnistLabError):
    """The store holds no sweep of this id."""


class OtherVersionError(SweepNotFoundError):
    """The store holds this sweep as another version of mnistlab has written it."""


class StudyError(MnistLabError):
    """The study of a sweep is missing or cannot be used."""


class StudyRefusedError(StudyError):
    """The study's database or disk refuses it, perhaps only for a while."""


class EngineError(MnistLabError):
    """The engine that runs trainings cannot be started or reached."""


class EngineBusyError(EngineError):
    """An engine of another version is in use, or it hangs: new runs wait in the queue until that is over."""


class DivergedError(MnistLabError):
    """A training's loss is infinite or not a number; `last` are the steps before that no event has told, if any."""

    last: "StepsTaken | None" = None


class OutOfMemoryError(MnistLabError):
    """A training needs more memory than the device has."""

    @classmethod
    def of_batch(cls, batch_size: int, cause: Exception) -> "OutOfMemoryError":
        """The error for a training in batches of this size, with advice."""
        reason = (str(cause) or type(cause).__name__).splitlines()[0]
        smaller = f"a batch size of {max(1, batch_size // 4):,}, or " if batch_size > 1 else ""
        return cls(
            f"The computer ran out of memory at a batch size of {batch_size:,}. Try {smaller}a smaller network. "
            f"({reason})"
        )


class ExportError(MnistLabError):
    """The format asked for cannot hold this run, or the file cannot be written."""


class ArchiveError(MnistLabError):
    """An exported run is damaged, of another origin, or not safe to take in."""


class ImageError(MnistLabError):
    """A picture has the wrong shape, type or file format."""


class EmptyDrawingError(ImageError):
    """A canvas holds no ink, so there is no digit to read."""
