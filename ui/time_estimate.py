"""How long a training will take, to judge by the latest run that took the same steps."""

from collections.abc import Hashable

from mnistlab.config import RunConfig
from mnistlab.downloads import is_downloaded
from mnistlab.errors import ConfigError
from mnistlab.space import Value, assemble
from mnistlab.sweep_config import SweepConfig
from ui import resources

_LATEST = 50  # runs that are looked at
_WARM_UP = 5.0  # seconds, after which a run's pace is that of the rest


def of_run(config: RunConfig) -> tuple[float, str] | None:
    """Seconds, and the id of the run by whose pace; None if no run has taken such steps. Not of its first seconds."""
    runs = resources.store().runs(limit=_LATEST) if is_downloaded(config.dataset) else []
    for run in runs:
        has_a_pace = (run.seconds > _WARM_UP or run.state == "finished") and not run.is_imported
        if has_a_pace and run.images_per_second and _pace_setters(run.config) == _pace_setters(config):
            held = resources.dataset(config.dataset, config.train.validation_size)
            num_images = (config.train.train_size or held.num_train) * config.augment.copies * config.train.epochs
            return num_images / run.images_per_second, run.id
    return None


def of_sweep(config: SweepConfig) -> tuple[float, str] | None:
    """The same for all trials one after the other; None as well where what is varied decides how long one takes."""
    if not all(_keeps_pace(config.base, one.setting, one.ends) for one in config.parameters):
        return None
    one = of_run(config.base.with_epochs(config.most_epochs))
    return None if one is None else (config.size * one[0], one[1])


def _keeps_pace(base: RunConfig, setting: str, ends: tuple[Value, ...]) -> bool:
    try:
        trials = [assemble(base, {setting: end}) for end in ends]
    except ConfigError:  # allowed only beside another value
        return False
    return all(
        _pace_setters(trial) == _pace_setters(base) and trial.train.train_size == base.train.train_size
        for trial in trials
    )


def _pace_setters(config: RunConfig) -> Hashable:
    """What decides how many images a second are learned from."""
    train = config.train
    return (
        config.dataset,
        config.model,
        config.augment,
        train.batch_size,
        train.optimizer,
        train.precision,
        train.device,
    )
