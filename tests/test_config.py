"""Settings: what is allowed, and what a person reads who gave something else."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from mnistlab.config import AugmentConfig, ModelConfig, RunConfig, TrainConfig, parse_config
from mnistlab.errors import ConfigError
from mnistlab.parsing import problem_with
from mnistlab.presets import PRESETS

EDGES: dict[str, dict[str, tuple[float, float]]] = {
    "augment": {
        "rotation": (0, 180),
        "affine_rotation": (0, 180),
        "shift": (0, 0.5),
        "scale_min": (0.2, 1),
        "scale_max": (1, 3),
        "shear": (0, 60),
        "stretch": (0, 1),
        "elastic": (0, 6),
        "thickness": (0, 1),
        "crossed": (0, 1),
        "noise": (0, 0.5),
        "erasing": (0, 0.7),
    },
    "model": {"dropout": (0, 0.9)},
    "train": {
        "learning_rate": (1e-9, 100),
        "momentum": (0, 0.999),
        "weight_decay": (0, 1),
        "label_smoothing": (0, 0.999),
        "train_size": (0, 60_000),
        "batch_size": (1, 4096),
        "epochs": (1, 1000),
        "validation_size": (0, 30_000),
        "seed": (0, 2**31 - 1),
    },
}
EACH_EDGE = [(part, field, *edges) for part, fields in EDGES.items() for field, edges in fields.items()]

WRONG = [
    ("augment", {"rotation": 181}, "augment.rotation: 181 was given; allowed: less than or equal to 180"),
    ("augment", {"rotation": -1}, "augment.rotation: -1 was given; allowed: greater than or equal to 0"),
    ("augment", {"shift": 0.6}, "augment.shift: 0.6 was given; allowed: less than or equal to 0.5"),
    ("augment", {"scale_min": 1.1}, "augment.scale_min: 1.1 was given; allowed: less than or equal to 1"),
    ("augment", {"scale_max": 0.9}, "augment.scale_max: 0.9 was given; allowed: greater than or equal to 1"),
    ("augment", {"use": "twice"}, "augment.use: 'twice' was given; allowed: 'replace', 'double' or 'once'"),
    ("model", {"kind": "rnn"}, "model.kind: 'rnn' was given; allowed: 'mlp' or 'cnn'"),
    ("model", {"hidden": (0,)}, "model.hidden.0: 0 was given; allowed: greater than or equal to 1"),
    ("model", {"hidden": (8, 2049)}, "model.hidden.1: 2049 was given; allowed: less than or equal to 2048"),
    ("model", {"activation": "swish"}, "model.activation: 'swish' was given; allowed: 'relu', 'sigmoid'"),
    ("model", {"dropout": 1}, "model.dropout: 1 was given; allowed: less than or equal to 0.9"),
    ("train", {"learning_rate": 0}, "train.learning_rate: 0 was given; allowed: greater than 0"),
    ("train", {"learning_rate": "fast"}, "train.learning_rate: 'fast' was given; allowed: a valid number"),
    ("train", {"learning_rate": float("nan")}, "train.learning_rate: nan was given; allowed: "),
    ("train", {"learning_rate": float("inf")}, "train.learning_rate: inf was given; allowed: "),
    ("train", {"momentum": 1}, "train.momentum: 1 was given; allowed: less than 1"),
    ("train", {"batch_size": 0}, "train.batch_size: 0 was given; allowed: greater than or equal to 1"),
    ("train", {"batch_size": 2.5}, "train.batch_size: 2.5 was given; allowed: a valid integer"),
    ("train", {"epochs": 0}, "train.epochs: 0 was given; allowed: greater than or equal to 1"),
    ("train", {"optimizer": "lion"}, "train.optimizer: 'lion' was given; allowed: 'sgd', 'adam', 'adamw' or 'rmsprop'"),
    (
        "train",
        {"validation_size": 60_000},
        "train.validation_size: 60000 was given; allowed: less than or equal to 30000",
    ),
    ("train", {"seed": -1}, "train.seed: -1 was given; allowed: greater than or equal to 0"),
    ("train", {"device": "gpu"}, "train.device: 'gpu' was given; allowed: "),
]


@pytest.mark.parametrize(("part", "field", "lowest", "highest"), EACH_EDGE)
def test_both_ends_of_the_range_are_allowed(part: str, field: str, lowest: float, highest: float) -> None:
    for value in (lowest, highest):
        assert getattr(getattr(parse_config({part: {field: value}}), part), field) == value


@pytest.mark.parametrize(("part", "values", "message"), WRONG)
def test_a_wrong_value_is_told_with_field_value_and_range(part: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({part: values})
    assert message in str(caught.value)


@pytest.mark.parametrize("hidden", [(), (1,), (2048,) * 5])
def test_an_mlp_has_up_to_five_hidden_layers(hidden: tuple[int, ...]) -> None:
    assert ModelConfig(hidden=hidden).hidden == hidden


def test_six_hidden_layers_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.hidden: .*at most 5"):
        parse_config({"model": {"hidden": (8,) * 6}})


def test_a_cnn_without_a_convolution_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.channels: .*at least 1"):
        parse_config({"model": {"kind": "cnn", "channels": ()}})


@pytest.mark.parametrize("values", [{"optimiser": "sgd"}, {"train": {"lr": 1}}, {"model": {"layers": 3}}])
def test_an_unknown_key_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"(optimiser|train\.lr|model\.layers).*not permitted"):
        parse_config(values)


def test_every_wrong_field_has_a_line_of_its_own() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({"train": {"epochs": 0, "batch_size": 0}, "model": {"dropout": 2}})
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["model.dropout", "train.batch_size", "train.epochs"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", b"\xff"])
def test_text_that_is_not_a_config_is_a_config_error(text: str | bytes) -> None:
    with pytest.raises(ConfigError):
        parse_config(text)


@pytest.mark.parametrize("train", [{"optimizer": "adam", "momentum": 0.9}, {"optimizer": "sgd", "momentum": 0}])
def test_nesterov_needs_sgd_with_momentum(train: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="train: nesterov needs optimizer sgd and a momentum above 0"):
        parse_config({"train": train | {"nesterov": True}})


def test_copy_with_other_settings_is_checked_as_a_new_one_is() -> None:
    longer = RunConfig().with_training(epochs=5, learning_rate=0.3)
    assert (longer.train.epochs, longer.train.learning_rate, longer.model) == (5, 0.3, RunConfig().model)
    with pytest.raises(ConfigError, match=r"train\.learning_rat: 0\.3 was given; not permitted, as there is no"):
        RunConfig().with_training(learning_rat=0.3)
    with pytest.raises(ConfigError, match=r"train\.epochs: 0 was given; allowed: greater than or equal to 1"):
        RunConfig().with_training(epochs=0)


def test_nesterov_is_allowed_with_sgd_and_momentum() -> None:
    assert TrainConfig(optimizer="sgd", momentum=0.9, nesterov=True).nesterov


def test_batch_norm_needs_more_than_one_image_a_step() -> None:
    """Over one image there is nothing to normalise: torch would raise in the first step."""
    with pytest.raises(ConfigError, match="batch_norm needs a batch_size of 2 or more, and at least 2 images"):
        parse_config({"model": {"batch_norm": True}, "train": {"train_size": 1}})
    doubled = {"rotation": 10, "use": "double"}
    assert parse_config({"model": {"batch_norm": True}, "train": {"train_size": 1}, "augment": doubled})
    with pytest.raises(ConfigError, match="batch_norm needs a batch_size of 2 or more"):
        parse_config({"model": {"batch_norm": True}, "train": {"batch_size": 1}})


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:1", "mps", "xpu", "xpu:0"])
def test_device_names_are_allowed(device: str) -> None:
    assert TrainConfig(device=device).device == device


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_a_config_survives_json(preset: Any) -> None:
    assert parse_config(preset.config.model_dump_json()) == preset.config
    assert parse_config(json.loads(json.dumps(preset.config.model_dump()))) == preset.config


@pytest.mark.parametrize("config", [RunConfig(), ModelConfig(), TrainConfig(), AugmentConfig()])
def test_a_config_cannot_be_changed(config: Any) -> None:
    field = next(iter(type(config).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(config, field, getattr(config, field))


def test_every_setting_has_a_help_text() -> None:
    for part in (ModelConfig, TrainConfig, AugmentConfig):
        assert [name for name, field in part.model_fields.items() if not field.description] == []


def test_every_setting_can_be_found_in_these_tests() -> None:
    """A new number has to be added to the edges above."""
    for part, kind in (("augment", AugmentConfig), ("model", ModelConfig), ("train", TrainConfig)):
        numbers = {name for name, field in kind.model_fields.items() if field.annotation in (int, float)}
        assert numbers == set(EDGES[part])


STRONGEST = {field: edges[0] if field == "scale_min" else edges[1] for field, edges in EDGES["augment"].items()}


@pytest.mark.parametrize(("field", "value"), STRONGEST.items())
def test_any_bound_makes_augmentation_active(field: str, value: float) -> None:
    assert AugmentConfig.model_validate({field: value}).is_active


def test_summary_names_what_is_changed() -> None:
    assert AugmentConfig(rotation=15, scale_min=0.8, use="double").summary == "rotation 15, scale min 0.8 (double)"
    assert AugmentConfig(interpolation="nearest").summary == "none"


@pytest.mark.parametrize("use", ["replace", "double", "once"])
def test_augmentation_without_bounds_is_inactive(use: Any) -> None:
    assert not AugmentConfig(use=use).is_active


def test_shape_is_the_fields_short_form() -> None:
    assert ModelConfig(hidden=(512, 120, 84)).shape == "784-512-120-84-10"
    assert ModelConfig(hidden=()).shape == "784-10"
    assert ModelConfig(kind="cnn", channels=(4, 8)).shape == "CNN 4-8"


def test_problem_with_one_field_is_told_whatever_the_others_are() -> None:
    assert problem_with(TrainConfig, "learning_rate", -1) == "should be greater than 0; -1 is not"
    assert problem_with(TrainConfig, "nesterov", True) is None  # wrong only together with another field
    assert problem_with(ModelConfig, "hidden", [512, "many"]) == "should be a valid integer; 'many' is not"


def test_runs_kept_before_a_setting_was_added_still_parse() -> None:
    """Their JSON lacks what came later; a default must mean what they did."""
    values = RunConfig(model=ModelConfig(kind="cnn")).model_dump()
    for part, names in {
        "model": ("pools", "head"),
        "train": ("precision",),
        "augment": ("thickness", "framed", "shear", "elastic"),
    }.items():
        for name in names:
            del values[part][name]
    parsed = parse_config(values)
    assert (parsed.model.pools, parsed.model.head) == ((2, 4), "mean")
    assert parsed.train.precision == "float32"
    assert not parsed.augment.is_active
