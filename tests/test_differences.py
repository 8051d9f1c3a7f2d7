"""How recipes differ: every setting that has an effect, none that has not, and the words for it."""

from typing import Any

import pytest

from mnistlab.config import RunConfig, parse_config
from mnistlab.differences import Difference, contrast, differences, differing, in_words, settings, shown


def config(model: dict[str, Any] | None = None, augment: dict[str, Any] | None = None, **train: Any) -> RunConfig:
    return parse_config({"model": model or {}, "augment": augment or {}, "train": train})


def names(*configs: RunConfig) -> list[str]:
    return [one.name for one in differences(*configs)]


def test_each_setting_that_differs_is_told_with_both_values() -> None:
    before, now = config(learning_rate=0.1), config({"hidden": (64, 32)}, learning_rate=0.3, shuffle=False)
    assert differences(before, now) == [
        Difference("hidden", "512", "64-32"),
        Difference("learning rate", "0.1", "0.3"),
        Difference("shuffle", "yes", "no"),
    ]
    assert differences(now, now) == []


def test_every_field_of_every_part_has_a_name_of_its_own() -> None:
    everything = (
        config({"kind": "cnn"}, {"rotation": 5}, optimizer="sgd", momentum=0.9, nesterov=True),
        config(augment={"rotation": 5}),
    )
    told = {name for one in everything for name in settings(one)}
    parts = (everything[0].model, everything[0].train, everything[0].augment)
    assert len(told) == 1 + sum(len(type(part).model_fields) for part in parts)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (config({"channels": (8,)}), config({"channels": (16, 16)})),
        (config({"kind": "cnn", "hidden": (8,)}), config({"kind": "cnn", "hidden": (16,)})),
        (config({"hidden": (), "dropout": 0.5}), config({"hidden": (), "activation": "tanh"})),
        (config({"hidden": (), "batch_norm": True}), config({"hidden": ()})),
        (config(optimizer="adam", momentum=0.9), config(optimizer="adam")),
        (config(augment={"use": "double"}), config(augment={"use": "once", "interpolation": "nearest"})),
    ],
)
def test_what_has_no_effect_is_no_difference(first: RunConfig, second: RunConfig) -> None:
    assert differences(first, second) == []


def test_a_setting_that_one_of_them_has_not_is_told_as_not_used() -> None:
    found = {one.name: one for one in differences(config(), config({"kind": "cnn"}))}
    assert (found["hidden"].before, found["hidden"].now) == ("512", "not used")
    assert found["channels"].before == "not used"
    assert found["network"].now == "cnn"


def test_the_presets_name_is_no_setting() -> None:
    assert names(config(), config().model_copy(update={"preset": "mine"})) == []


def test_settings_that_differ_among_many_come_in_the_configs_order() -> None:
    many = [config(), config(seed=1), config({"dropout": 0.2}), config(learning_rate=0.5)]
    assert differing(many) == ["dropout", "learning rate", "seed"]
    assert differing(many[:1]) == []


def test_words_tell_only_what_is_asked_for() -> None:
    before, now = config(), config({"dropout": 0.2}, learning_rate=0.3, seed=1)
    assert in_words(before, now, ["learning rate", "dropout"]) == (
        "dropout 0.2 instead of 0, learning rate 0.3 instead of 0.1"
    )
    assert in_words(before, before, ["seed"]) == ""
    assert in_words(config(), config(train_size=200), ["train size"]) == "train size 200 instead of all"


def test_words_leave_out_what_follows_from_another_difference() -> None:
    names = ["network", "hidden", "head", "last layer sees"]
    assert in_words(config(), config({"kind": "cnn"}), names) == "network cnn instead of mlp, last layer sees mean"
    assert in_words(config({"kind": "cnn"}), config(), names) == "network mlp instead of cnn, hidden 512"


_FOUR = (
    "B is A with weight decay 0.5 instead of 0, batch size 7 instead of 20, epochs 7 instead of 10, seed 1 instead of "
    "0."
)
_MANY = (
    "Their recipes differ in 6 settings; among them, B has dropout 0.2 instead of 0, momentum 0.5 instead of 0, "
    "batch size 7 instead of 20, epochs 7 instead of 10."
)
_OTHER_KIND = (  # the hidden layers are not told, and take nobody's place
    "Their recipes differ in 7 settings; among them, B has network cnn instead of mlp, dropout 0.2 instead of 0, "
    "seed 1 instead of 0, channels 16-16-32-32-64-64."
)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (config(), "Both come from one recipe and one seed."),
        (config(seed=1), "One recipe, with the seeds 0 and 1: what sets them apart is luck alone."),
        (config({"dropout": 0.2}, seed=1), "B is A with dropout 0.2 instead of 0, seed 1 instead of 0."),
        (config(seed=1, epochs=7, batch_size=7, weight_decay=0.5), _FOUR),
        (config({"dropout": 0.2}, seed=1, epochs=7, momentum=0.5, batch_size=7), _MANY),
        (config({"kind": "cnn", "dropout": 0.2}, seed=1), _OTHER_KIND),
    ],
)
def test_a_sentence_says_what_sets_two_recipes_apart(now: RunConfig, expected: str) -> None:
    assert contrast(config(), now, ("A", "B")) == expected


def test_numbers_are_shown_without_their_rounding() -> None:
    assert [shown(value) for value in (0.1 + 0.2, 2e-3, (), True, None, "adam", 5000)] == [
        *("0.3", "0.002", "none", "yes", "not used", "adam", "5,000"),
    ]


def test_a_switch_is_told_as_a_person_would() -> None:
    plain = config()
    switched = config({"normalise": True, "batch_norm": True}, shuffle=False)
    names = ["normalise", "batch norm", "shuffle"]
    assert in_words(plain, switched, names) == "batch norm, pixels normalised, images in file order"
    assert in_words(switched, plain, names) == "no batch norm, pixels not normalised, images shuffled"
    plain = config({"deslant": False}, {"shift": 0.1}, momentum=0.9)
    switched = config({"deslant": True}, {"shift": 0.1, "framed": True}, momentum=0.9, nesterov=True)
    names = ["deslant", "framed again", "nesterov"]
    assert in_words(plain, switched, names) == "digits set upright, Nesterov's momentum, digits framed again"
    assert in_words(switched, plain, names) == "digits not set upright, plain momentum, digits not framed again"


def test_a_network_without_a_hidden_layer_is_told_as_one() -> None:
    flat = config({"hidden": ()})
    assert in_words(config(), flat, ["hidden"]) == "hidden none instead of 512"
    assert "batch norm" not in in_words(config(), flat, ["hidden", "batch norm"])  # what it has no use for
    assert in_words(config(), config({"activation": "none"}), ["activation"]) == "no activation instead of relu"
