"""What may be varied: on the config's own fields, within its bounds, and what becomes of a recipe."""

from typing import Any

import pytest

from mnistlab import space, sweep
from mnistlab.classics import CLASSICS
from mnistlab.config import RunConfig, TrainConfig, parse_config
from mnistlab.errors import ConfigError
from mnistlab.space import SETTINGS, Choice, Range, assemble, grid, values_of
from mnistlab.store import Store
from mnistlab.sweep_config import MAX_TRIALS, SweepConfig, parse_sweep
from tests import sweeps, tiny


def test_help_unit_and_bounds_of_a_setting_are_those_of_its_field() -> None:
    setting, field = SETTINGS["train.batch_size"], TrainConfig.model_fields["batch_size"]
    assert (setting.about, setting.unit, setting.bounds) == (field.description, "images", (1, 4096))
    assert setting.title == "batch size (images)"
    assert SETTINGS["model.activation"].options == ("relu", "sigmoid", "tanh", "gelu", "none")


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_suggested_for_a_setting_is_allowed(name: str) -> None:
    setting = SETTINGS[name]
    if setting.options:
        parameter: space.Parameter = Choice(setting=name, options=setting.options)
    else:
        parameter = Range(setting=name, low=setting.start[0], high=setting.start[1])
    space.check(tiny.config(), [parameter])


def test_rate_is_varied_by_equal_factors_and_a_share_by_equal_steps() -> None:
    rates = Range(setting="train.learning_rate", low=1e-4, high=10, points=6)
    assert rates.values == pytest.approx((1e-4, 1e-3, 1e-2, 0.1, 1, 10))
    assert Range(setting="model.dropout", low=0, high=0.6, points=4).values == pytest.approx((0, 0.2, 0.4, 0.6))


def test_values_of_a_grid_have_three_digits_and_its_ends_are_as_given() -> None:
    rates = Range(setting="train.learning_rate", low=1e-3, high=1, points=7)
    assert rates.values == (0.001, 0.00316, 0.01, 0.0316, 0.1, 0.316, 1)
    ends = (0.12345, 0.45678)
    assert Range(setting="model.dropout", low=ends[0], high=ends[1], points=2).values == ends


def test_whole_numbers_stay_whole_and_none_comes_twice() -> None:
    values = Range(setting="depth", low=0, high=3, points=10).values
    assert values == (0, 1, 2, 3)
    assert all(type(value) is int for value in values)


def test_grid_holds_every_combination_once() -> None:
    points = grid(
        [Range(setting="width", low=4, high=16, points=3), Choice(setting="augmentation", options=(False, True))]
    )
    assert len(points) == 6
    assert {(point["width"], point["augmentation"]) for point in points} == {
        (w, a) for w in (4, 8, 16) for a in (False, True)
    }


@pytest.mark.parametrize(
    ("values", "hidden"),
    [
        ({"width": 20}, (20, 20)),
        ({"depth": 3}, (8, 8, 8)),
        ({"width": 5, "depth": 1}, (5,)),
        ({"depth": 0}, ()),
    ],
)
def test_width_and_depth_make_hidden_layers(values: dict[str, space.Value], hidden: tuple[int, ...]) -> None:
    assert assemble(tiny.config(model={"hidden": (8, 4)}), values).model.hidden == hidden


def test_a_width_makes_a_layer_where_there_is_none() -> None:
    assert assemble(tiny.config(model={"hidden": ()}), {"width": 20}).model.hidden == (20,)


def test_augmentation_on_is_the_recipes_own_where_it_has_one() -> None:
    own = tiny.config(augment={"rotation": 33})
    assert assemble(own, {"augmentation": True}).augment.rotation == 33
    assert not assemble(own, {"augmentation": False}).augment.is_active
    assert assemble(tiny.config(), {"augmentation": True}).augment.is_active


def test_what_is_not_varied_is_the_recipes_own() -> None:
    base = parse_config({"model": {"hidden": (64, 32)}, "augment": {"rotation": 5}})
    varied = space.assemble(base, {"train.learning_rate": 0.5})
    assert (varied.model, varied.augment, varied.train.learning_rate) == (base.model, base.augment, 0.5)


@pytest.mark.parametrize(
    ("word", "value"),
    [("on", True), ("true", True), ("off", False), ("false", False), (" 5 ", 5), ("0.5", 0.5), ("tanh", "tanh")],
)
def test_a_value_is_read_as_somebody_types_it(word: str, value: space.Value) -> None:
    assert space.read_value(word) == value
    assert type(space.read_value(word)) is type(value)
    assert space.read_value(space.shown(value)) == value


def test_values_are_read_back_from_the_config_of_a_trial() -> None:
    parameters = [
        Range(setting="width", low=4, high=16),
        Range(setting="depth", low=1, high=3),
        Range(setting="train.learning_rate", low=0.1, high=1),
        Choice(setting="augmentation", options=(False, True)),
        Choice(setting="model.activation", options=("relu", "tanh")),
    ]
    point = {"width": 7, "depth": 2, "train.learning_rate": 0.3, "augmentation": True, "model.activation": "tanh"}
    assert values_of(assemble(tiny.config(), point), parameters) == point
    no_layer = values_of(assemble(tiny.config(), point | {"depth": 0}), parameters)
    assert (no_layer["width"], no_layer["depth"]) == (0, 0)


@pytest.mark.parametrize(
    ("varied", "said"),
    [
        ({"setting": "colour", "low": 0, "high": 1}, "there is no setting 'colour' to vary; choose from train."),
        (
            {"setting": "model.dropout", "low": 0.5, "high": 0.1},
            "dropout should go from a lower to a higher number, not 0.5 to 0.1",
        ),
        ({"setting": "model.dropout", "low": 0.5, "high": 0.5}, "to a higher number, not 0.5 to 0.5"),
        ({"setting": "model.dropout", "low": -1, "high": 0}, "model.dropout: -1.0 was given"),
        ({"setting": "train.learning_rate", "low": 0, "high": 1}, "it should begin above 0"),
        ({"setting": "width", "low": 4.5, "high": 8}, "width is a whole number"),
        ({"setting": "width", "low": 4, "high": 8.5}, "width is a whole number"),
        (
            {"setting": "model.dropout", "low": 0, "high": 2},
            "model.dropout: 2.0 was given; allowed: less than or equal to 0.9",
        ),
        ({"setting": "model.activation", "options": ["relu", "step"]}, "model.activation: 'step' was given"),
        ({"setting": "model.activation", "low": 0, "high": 1}, "activation has no range"),
        ({"setting": "model.activation", "options": ["relu", "relu"]}, "the same value of activation is given twice"),
        ({"setting": "train.seed", "low": 0, "high": 1, "points": 1}, "parameters.0.range.points: 1 was given"),
    ],
)
def test_what_cannot_be_varied_is_said_before_anything_starts(varied: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=r".") as told:
        sweeps.config(varied)
    assert said in str(told.value)


def test_what_is_no_parameter_at_all_is_said() -> None:
    with pytest.raises(ConfigError, match=r"parameters\.0.* 5 was given"):
        parse_sweep({"base": tiny.config(), "parameters": [5]})


def test_two_ends_that_exclude_each_other_are_said() -> None:
    sizes = {"setting": "train.batch_size", "low": 1, "high": 64}
    with pytest.raises(ConfigError, match="batch_norm needs a batch_size of 2 or more"):
        sweeps.config(sizes, {"setting": "model.batch_norm", "options": [False, True]})


def test_width_of_a_cnn_is_refused() -> None:
    with pytest.raises(ConfigError, match="this recipe trains a CNN"):
        parse_sweep(
            {"base": tiny.config(model={"kind": "cnn"}), "parameters": [{"setting": "width", "low": 4, "high": 8}]}
        )


def test_recipe_without_held_out_images_is_refused() -> None:
    with pytest.raises(ConfigError, match="give it a validation_size above 0"):
        sweeps.config(train={"validation_size": 0})


def test_setting_varied_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="varied twice"):
        sweeps.config(sweeps.RATES, sweeps.RATES)


@pytest.mark.parametrize("number", [0, 7])
def test_a_sweep_varies_one_to_six_settings(number: int) -> None:
    names = [f"augment.{name}" for name in ("rotation", "shift", "shear", "elastic", "thickness", "noise", "erasing")]
    varied = [{"setting": name, "low": 0, "high": 0.1, "points": 2} for name in names[:number]]
    with pytest.raises(ConfigError, match=f"{number} settings are varied; choose 1 to 6"):
        parse_sweep({"base": tiny.config(), "parameters": varied})


def test_grid_of_too_many_is_refused_and_the_same_at_random_is_not() -> None:
    many = [{"setting": name, "low": 0, "high": 0.5, "points": 50} for name in ("model.dropout", "augment.noise")]
    with pytest.raises(ConfigError, match=f"2,500 combinations, and at most {MAX_TRIALS} can be tried"):
        sweeps.config(*many)
    assert sweeps.config(*many, sampler="random", num_trials=9).size == 9


def test_sweep_config_survives_being_written_as_json() -> None:
    config = sweeps.config(sweeps.RATES, {"setting": "train.batch_size", "options": [10, 50]}, title="mine")
    assert SweepConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.1003), (0.1234, 0.1239), (0.5, 0.5000001)])
def test_points_that_lie_close_are_told_apart(low: float, high: float) -> None:
    values = Range(setting="train.learning_rate", low=low, high=high, points=5).values
    assert len(set(values)) == 5
    assert (values[0], values[-1]) == (low, high)


def test_a_sweep_of_millions_of_combinations_is_checked_at_once() -> None:
    options = [
        {"setting": "train.seed", "options": list(range(50))},
        {"setting": "train.batch_size", "options": list(range(1, 51))},
        {"setting": "train.epochs", "options": list(range(1, 51))},
        {"setting": "train.weight_decay", "options": [number / 100 for number in range(50)]},
    ]
    assert sweeps.config(*options, sampler="random").size == 12  # 6,250,000 combinations
    with pytest.raises(ConfigError, match="6,250,000 combinations"):
        sweeps.config(*options)


MOMENTUM = {"setting": "train.momentum", "low": 0, "high": 0.9, "points": 2}
DROPOUT = {"setting": "model.dropout", "low": 0, "high": 0.5, "points": 2}
ROTATION = {"setting": "augment.rotation", "low": 0, "high": 45, "points": 2}
ADAM, NO_LAYERS = tiny.config(optimizer="adam"), tiny.config({"hidden": ()})


@pytest.mark.parametrize(
    ("base", "parameters", "label"),
    [
        (ADAM, [MOMENTUM], "momentum"),
        (ADAM, [sweeps.RATES, MOMENTUM], "momentum"),
        (NO_LAYERS, [DROPOUT], "dropout"),
        (tiny.config(), [ROTATION, {"setting": "augmentation", "options": [False, True]}], "rotation"),
    ],
    ids=["momentum of Adam", "beside another", "dropout without a layer", "a warp that augmentation decides"],
)
def test_sweep_of_what_has_no_effect_is_refused(
    base: RunConfig, parameters: list[dict[str, Any]], label: str, store: Store
) -> None:
    config = parse_sweep({"base": base, "parameters": parameters})
    with pytest.raises(ConfigError, match=f"Whatever the {label}, all trials would be the same"):
        sweep.create(config, store)
    assert sweep.latest(store) == []


@pytest.mark.parametrize(
    "config",
    [
        parse_sweep(
            {"base": ADAM, "parameters": [MOMENTUM, {"setting": "train.optimizer", "options": ["adam", "sgd"]}]}
        ),
        parse_sweep({"base": NO_LAYERS, "parameters": [DROPOUT, {"setting": "depth", "options": [0, 1]}]}),
        *(classic.config for classic in CLASSICS.values()),
    ],
)
def test_sweep_of_what_has_an_effect_beside_another_value_is_kept(config: SweepConfig, store: Store) -> None:
    sweep_id = sweep.create(config, store)
    assert len(sweep.find(sweep_id, store).trials) == config.size
