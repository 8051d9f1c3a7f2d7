"""How recipes differ, setting by setting and in words. A setting without effect, such as an MLP's pools, is ignored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mnistlab.config import AugmentConfig, ModelConfig, RunConfig, TrainConfig

SEED = "seed"
NOT_USED, NONE, ALL = "not used", "none", "all"
_FEW = 4  # differences that a sentence can name
# Names that mean nothing outside their section of the config.
_NAMES = {"kind": "network", "use": "augmentation use", "head": "last layer sees", "framed": "framed again"}
_SWITCHED = ("yes", "no")
# How switches are worded whose names are not nouns.
_SWITCHES = {
    "shuffle": ("images shuffled", "images in file order"),
    "normalise": ("pixels normalised", "pixels not normalised"),
    "deslant": ("digits set upright", "digits not set upright"),
    "framed again": ("digits framed again", "digits not framed again"),
    "nesterov": ("Nesterov's momentum", "plain momentum"),
}


Recipe = RunConfig | Mapping[str, object]  # a config, or the settings of a run


@dataclass(frozen=True)
class Difference:
    """A setting in which two recipes differ, and its two values as text."""

    name: str
    before: str
    now: str


@lru_cache(maxsize=4096)
def settings(config: RunConfig) -> dict[str, object]:
    """Everything that determines what a run learns, by readable names: "learning rate". Callers must not change it."""
    parts = {**_of_model(config.model), **_of_training(config.train), **_of_augmentation(config.augment)}
    return {"dataset": config.dataset, **{setting_name(field): value for field, value in parts.items()}}


def setting_name(field: str) -> str:
    """What people call a field of the config: "learning rate"."""
    return _NAMES.get(field, field.replace("_", " "))


def differences(before: Recipe, now: Recipe) -> list[Difference]:
    """The settings in which `now` differs from `before`."""
    old, new = _settings_of(before), _settings_of(now)
    names = list(dict.fromkeys([*old, *new]))
    found = [Difference(name, shown(old.get(name)), shown(new.get(name))) for name in names]
    return [one for one in found if one.before != one.now]


def differing(recipes: Sequence[Recipe]) -> list[str]:
    """The names of the settings that are not the same in all of these."""
    each = [_settings_of(recipe) for recipe in recipes]
    names = dict.fromkeys(name for one in each for name in one)
    return [name for name in names if len({shown(one.get(name)) for one in each}) > 1]


def in_words(before: Recipe, now: Recipe, names: Sequence[str]) -> str:
    """How `now` differs in these settings, for a sentence: "learning rate 0.3 instead of 0.1"; "" if in none.

    Settings that `now` does not use are left out, since they follow from another difference.
    """
    found = [one for one in differences(before, now) if one.name in names and one.now != NOT_USED]
    return ", ".join(_sentence_part(one) for one in found)


def contrast(before: Recipe, now: Recipe, names: tuple[str, str]) -> str:
    """What sets two recipes of these names apart, in a sentence; of many differences it mentions only some."""
    found = differences(before, now)
    if not found:
        return "Both come from one recipe and one seed."
    if [one.name for one in found] == [SEED]:
        return f"One recipe, with the seeds {found[0].before} and {found[0].now}: what sets them apart is luck alone."
    told = [one for one in found if one.now != NOT_USED]
    some = in_words(before, now, [one.name for one in told[:_FEW]])
    if len(found) > _FEW:
        return f"Their recipes differ in {len(found)} settings; among them, {names[1]} has {some}."
    return f"{names[1]} is {names[0]} with {some}."


def _settings_of(recipe: Recipe) -> Mapping[str, object]:
    return settings(recipe) if isinstance(recipe, RunConfig) else recipe


def _sentence_part(one: Difference) -> str:
    if one.now in _SWITCHED:
        return _SWITCHES.get(one.name, (one.name, f"no {one.name}"))[_SWITCHED.index(one.now)]
    now = f"no {one.name}" if one.now == NONE and one.name != "hidden" else f"{one.name} {one.now}"
    return now if one.before == NOT_USED else f"{now} instead of {one.before}"


def shown(value: object) -> str:
    """A setting's value as a person writes it: 512-120, 0.1, 5,000, yes; None is a setting without effect."""
    if value is None:
        return NOT_USED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "-".join(map(str, value)) or NONE
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _of_model(model: ModelConfig) -> dict[str, object]:
    """A network's settings, without those of the other kind and those for layers that it does not have."""
    unused = {"channels", "pools", "head"} if model.kind == "mlp" else {"hidden"}
    if model.kind == "mlp" and not model.hidden:
        unused |= {"activation", "dropout", "batch_norm"}
    return {name: value for name, value in model if name not in unused}


def _of_training(train: TrainConfig) -> dict[str, object]:
    """The settings of training, as far as the optimizer has them; a train size of 0 is all images there are."""
    unused = set()
    if train.optimizer not in ("sgd", "rmsprop"):
        unused.add("momentum")
    if train.optimizer != "sgd" or not train.momentum:
        unused.add("nesterov")
    values = {name: value for name, value in train if name not in unused}
    return values | {"train_size": train.train_size or ALL}


def _of_augmentation(augment: AugmentConfig) -> dict[str, object]:
    """The settings of augmentation; `interpolation` and `use` only if anything is done."""
    unused = set() if augment.is_active else {"interpolation", "use"}
    return {name: value for name, value in augment if name not in unused}
