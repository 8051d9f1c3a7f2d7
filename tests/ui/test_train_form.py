"""The Train page's form: what can be set, what is said beside a wrong value, and what Start starts."""

from mnistlab.store import Store
from tests.ui.test_pages import open_page, small_run
from tests.ui.test_train_page import TRAIN, TUTORIAL, keys_of, said


def test_slider_of_the_learning_rate_starts_at_the_presets_own_and_sets_the_runs() -> None:
    app = open_page(TRAIN)
    slider = app.select_slider(key=f"{TUTORIAL}_learning_rate_slider")
    assert slider.value == 0.1
    slider.set_value(0.3).run()
    app.button(key="train_start").click().run()
    assert Store().runs()[0].config.train.learning_rate == 0.3


def test_any_learning_rate_can_be_typed_and_the_slider_follows() -> None:
    app = open_page(TRAIN)
    app.number_input(key=f"{TUTORIAL}_learning_rate").set_value(0.0123).run()
    assert app.select_slider(key=f"{TUTORIAL}_learning_rate_slider").value == 0.0123
    app.button(key="train_start").click().run()
    assert Store().runs()[0].config.train.learning_rate == 0.0123


def test_only_settings_that_the_optimizer_has_are_shown() -> None:
    app = open_page(TRAIN)
    assert f"{TUTORIAL}_nesterov" not in keys_of(app)
    app.number_input(key=f"{TUTORIAL}_momentum").set_value(0.9).run()
    assert f"{TUTORIAL}_nesterov" in keys_of(app)
    app.selectbox(key=f"{TUTORIAL}_optimizer").set_value("adam").run()
    assert not {f"{TUTORIAL}_momentum", f"{TUTORIAL}_nesterov"} & keys_of(app)
    app.button(key="train_start").click().run()
    assert Store().runs()[0].config.train.momentum == 0


def test_wrong_value_is_said_beside_its_field_and_nothing_is_lost() -> None:
    app = open_page(TRAIN)
    assert "A whole number from 1 to 4,096." in app.number_input(key=f"{TUTORIAL}_batch_size").help
    assert "A number above 0, up to 100." in app.number_input(key=f"{TUTORIAL}_learning_rate").help
    app.number_input(key=f"{TUTORIAL}_epochs").set_value(3).run()
    app.number_input(key=f"{TUTORIAL}_batch_size").set_value(5000).run()
    (error,) = app.error
    assert error.value == "Batch size (images) should be less than or equal to 4096; 5000 is not."
    assert app.button(key="train_start").disabled
    app.number_input(key=f"{TUTORIAL}_batch_size").set_value(100).run()
    assert not app.error
    app.button(key="train_start").click().run()
    train = Store().runs()[0].config.train
    assert (train.epochs, train.batch_size) == (3, 100)


def test_two_settings_that_exclude_each_other_are_said() -> None:
    app = open_page(TRAIN)
    app.toggle(key=f"{TUTORIAL}_batch_norm").set_value(True).run()
    app.number_input(key=f"{TUTORIAL}_batch_size").set_value(1).run()
    assert "batch_norm needs a batch_size of 2 or more" in app.error[0].value
    assert app.button(key="train_start").disabled


def test_device_offers_only_what_this_machine_has() -> None:
    from mnistlab.device import device_names

    app = open_page(TRAIN)
    assert tuple(app.selectbox(key=f"{TUTORIAL}_device").options) == device_names()


def test_experiment_sets_the_recipe_and_the_preset_can_be_taken_again() -> None:
    app = open_page(TRAIN)
    app.button(key="train_try_0").click().run()
    assert "Experiment: **learning rate 1**." in said(app)
    app.button(key="recipe_drop").click().run()
    assert app.select_slider(key=f"{TUTORIAL}_learning_rate_slider").value == 0.1
    app.button(key="train_try_2").click().run()
    app.button(key="train_start").click().run()
    assert Store().runs()[0].config.model.activation == "sigmoid"


def test_what_to_watch_for_is_not_said_above_another_run() -> None:
    app = open_page(TRAIN)
    app.button(key="train_try_1").click().run()
    hint = "watch the loss crawl"
    assert hint in said(app)
    app.button(key="train_start").click().run()
    assert hint in said(app)  # it is about the run that was started
    app.query_params["run"] = Store().create(small_run())
    app.run()
    assert hint not in said(app)


def test_an_experiment_names_only_what_is_unlike_the_tutorial() -> None:
    app = open_page(TRAIN)
    app.button(key="train_try_0").click().run()
    assert "Also unlike the tutorial: images shuffled, 5,000 of them held out." in said(app)
    app.button(key="train_try_1").click().run()
    assert "Also unlike the tutorial: 2 epochs, images shuffled" in said(app)
