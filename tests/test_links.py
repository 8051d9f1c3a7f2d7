"""Links: a recipe there and back, and the nearest sensible one for whatever a person has typed."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistlab.config import AugmentConfig, ModelConfig, RunConfig, TrainConfig, parse_config
from mnistlab.links import FIELDS, hold, read_link, recipe_part, write_link
from mnistlab.presets import PRESETS

TUTORIAL = PRESETS["tutorial-mlp"].config


def changed(config: RunConfig, **sections: dict[str, Any]) -> RunConfig:
    values = config.model_dump()
    for section, fields in sections.items():
        values[section] |= fields
    return parse_config(values)


def test_link_holds_only_what_differs_from_the_preset() -> None:
    config = changed(TUTORIAL, train={"learning_rate": 0.3})
    query = write_link(config, hidden=["optimizer", "seed"], locked=["epochs"])
    assert urlencode(query, safe=",") == "preset=tutorial-mlp&train.learning_rate=0.3&hide=optimizer,seed&lock=epochs"
    link = read_link(dict(parse_qsl(urlencode(query))))
    assert link.config == config
    assert (link.hidden, link.locked, link.problems) == ({"optimizer", "seed"}, {"epochs"}, ())


def test_recipe_that_a_page_begins_with_needs_no_query() -> None:
    assert write_link(TUTORIAL) == {}
    assert read_link({}).config == TUTORIAL


# For each field a value that is no preset's.
_OTHERS = {
    "dataset": "kmnist",
    "model.kind": "cnn",
    "model.hidden": (7, 5),
    "model.channels": (3,),
    "model.pools": (1,),
    "model.head": "places",
    "model.activation": "gelu",
    "train.optimizer": "rmsprop",
    "train.schedule": "cosine",
    "train.precision": "bfloat16",
    "train.device": "cpu",
    "augment.interpolation": "nearest",
    "augment.use": "once",
    "augment.scale_max": 1.25,
    **{f"train.{name}": 77 for name in ("batch_size", "epochs", "train_size", "validation_size", "seed")},
}


@pytest.mark.parametrize("path", FIELDS)
@pytest.mark.parametrize("preset", ["quick-mlp", "best-cnn"])
def test_every_setting_goes_there_and_back(path: str, preset: str) -> None:
    config = PRESETS[preset].config
    section, name = FIELDS[path]
    start = section.model_fields[name].default
    value = _OTHERS.get(path, not start if isinstance(start, bool) else 0.25)
    if path == "train.nesterov":
        config = changed(config, train={"optimizer": "sgd", "momentum": 0.5})
    values = config.model_dump()
    (values if path == name else values[path.split(".")[0]])[name] = value
    config = parse_config(values)
    link = read_link(write_link(config))
    assert (link.config, link.problems) == (config, ())


@given(  # no subnormal numbers: a training in this process may have switched them off
    st.builds(
        TrainConfig,
        learning_rate=st.floats(1e-9, 100, allow_subnormal=False),
        momentum=st.floats(0, 0.99, allow_subnormal=False),
        weight_decay=st.floats(0, 1, allow_subnormal=False),
        seed=st.integers(0, 2**31 - 1),
        epochs=st.integers(1, 1000),
        batch_size=st.integers(2, 4096),
        shuffle=st.booleans(),
    ),
    st.lists(st.integers(1, 2048), max_size=5),
    st.floats(0, 180, allow_subnormal=False),
)
@settings(deadline=None, derandomize=True)
def test_any_recipe_goes_there_and_back(train: TrainConfig, hidden: list[int], rotation: float) -> None:
    model, augment = ModelConfig(hidden=tuple(hidden)), AugmentConfig(rotation=rotation)
    config = RunConfig(preset="quick-mlp", model=model, train=train, augment=augment)
    assert read_link(write_link(config)).config == config


@given(st.dictionaries(st.sampled_from([*FIELDS, "preset", "hide", "lock", "epochs", "x.y", "run"]), st.text()))
@settings(deadline=None, derandomize=True)
def test_any_rubbish_gives_a_recipe_that_can_be_trained(query: dict[str, str]) -> None:
    assert parse_config(read_link(query).config.model_dump())


@pytest.mark.parametrize(
    ("key", "text", "shown", "said"),
    [
        ("train.epochs", "99999", 1000, "'99999'. It can be a whole number from 1 to 1,000"),
        ("train.epochs", "0", 1, "You see 1 instead."),
        ("train.epochs", "2.5", 10, "the link gives '2.5'"),
        ("epochs", "many", 10, "You see 10 instead."),
        ("train.learning_rate", "-1", 0.1, "It can be a number above 0, up to 100. You see 0.1 instead."),
        ("train.learning_rate", "1000", 100, "You see 100"),
        ("train.seed", "99999999999", 2**31 - 1, "You see 2,147,483,647 instead."),
        ("train.momentum", "2", 0, "It can be a number from 0 to below 1. You see 0 instead."),
        ("train.learning_rate", "nan", 0.1, "the link gives 'nan'"),
        ("train.optimizer", "sgdd", "sgd", "It can be one of sgd, adam, adamw, rmsprop. You see sgd instead."),
        ("train.shuffle", "maybe", False, "It can be true or false. You see false instead."),
        ("train.device", "toaster", "auto", "It can be auto, cpu, cuda"),
    ],
)
def test_value_that_is_not_allowed_gives_the_nearest_and_a_sentence(
    key: str, text: str, shown: object, said: str
) -> None:
    link = read_link({key: text})
    assert getattr(link.config.train, key.split(".")[-1]) == shown
    (problem,) = link.problems
    assert said in str(problem)


@pytest.mark.parametrize(
    ("text", "widths"),
    [("784-512-10", (512,)), ("512;120", (512, 120)), ("512 120", (512, 120)), ("784-10-10", (10,)), ("10", (10,))],
)
def test_widths_in_a_link_are_read_as_on_the_pages(text: str, widths: tuple[int, ...]) -> None:
    link = read_link({"hidden": text})
    assert (link.config.model.hidden, link.problems) == (widths, ())


@pytest.mark.parametrize("hidden", [(784, 10), (784, 512, 10), (10,), ()])
def test_hidden_layers_that_look_like_the_ends_go_there_and_back(hidden: tuple[int, ...]) -> None:
    config = changed(TUTORIAL, model={"hidden": hidden})
    assert read_link(write_link(config)).config == config


@pytest.mark.parametrize("text", ["512-", "1,024-512", "a-b", "0", "9999", "1-2-3-4-5-6", "-", "1" * 500])
def test_hidden_layers_that_cannot_be_are_told_or_read_as_meant(text: str) -> None:
    link = read_link({"model.hidden": text})
    assert link.config.model.hidden == (512,)
    assert bool(link.problems) == (text != "512-")


def test_settings_that_exclude_each_other_are_left_out_alone() -> None:
    link = read_link({"train.nesterov": "true", "train.epochs": "3"})
    assert (link.config.train.nesterov, link.config.train.epochs) == (False, 3)
    assert "nesterov needs optimizer sgd and a momentum above 0" in str(link.problems[0])


def test_unknown_preset_setting_and_control_are_told() -> None:
    hidden = "sead,train.seed,model.epochs"
    link = read_link({"preset": "tutorial", "train.speed": "9", "hide": hidden, "lock": "preset"})
    assert link.config == TUTORIAL
    assert [problem.given for problem in link.problems] == ["tutorial", "train.speed", "sead", "model.epochs"]
    assert (link.hidden, link.locked) == ({"seed"}, {"preset"})


def test_what_is_hidden_needs_no_lock() -> None:
    link = read_link({"hide": "seed", "lock": "seed,epochs"})
    assert (link.hidden, link.locked) == ({"seed"}, {"epochs"})


def test_what_else_stands_in_the_address_is_left_alone() -> None:
    assert recipe_part({"run": "abcd2345", "embed": "true", "a.b": "c"}) == {}
    assert set(recipe_part({"preset": "x", "seed": "1", "model.kind": "cnn", "hide": "", "train.x": ""})) == {
        *("preset", "seed", "model.kind", "hide", "train.x")
    }


def test_locked_settings_are_held_against_another_recipe() -> None:
    link = read_link({"train.epochs": "3", "dataset": "kmnist", "lock": "epochs,dataset"})
    held = hold(changed(PRESETS["quick-mlp"].config, train={"epochs": 7, "seed": 2}), link)
    assert (held.train.epochs, held.train.seed, held.dataset) == (3, 2, "kmnist")


def test_values_that_a_locked_one_does_not_go_with_give_way() -> None:
    link = read_link({"train.momentum": "0.9", "train.nesterov": "true", "lock": "nesterov"})
    held = hold(changed(TUTORIAL, train={"optimizer": "adam", "epochs": 7}), link)
    assert held.train.nesterov
    assert (held.train.optimizer, held.train.momentum) == ("sgd", 0.9)


@pytest.mark.parametrize("given", ["-5", "5.5", "9" * 5000])
def test_widths_that_are_no_widths_are_told_with_what_is_allowed(given: str) -> None:
    (problem,) = read_link({"hidden": given}).problems
    assert "It can be up to 5 whole numbers from 1 to 2,048, as in 512-120-84, or none." in str(problem)


def test_setting_that_is_given_twice_is_told() -> None:
    link = read_link({"epochs": "7", "train.epochs": "5"})
    assert [str(problem) for problem in link.problems] == ["The link sets 'train.epochs' twice; the second one counts."]
    assert link.config.train.epochs == 5
