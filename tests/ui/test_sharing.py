"""Sharing on the pages: a teacher's link, the address that follows the form, taking a run home, and bringing one in."""

import tomllib
from typing import Any

import pytest
import torch
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from mnistlab import export
from mnistlab.config import MAX_HIDDEN, MAX_WIDTH, ModelConfig
from mnistlab.importing.zipped import MOST_BYTES
from mnistlab.models import build_model
from mnistlab.paths import PROJECT
from mnistlab.store import Store
from tests.ui.test_pages import open_page
from tests.ui.test_runs_page import RUNS
from tests.ui.test_train_page import TRAIN, TUTORIAL, finished, keys_of, running, said
from ui import recipe


def opened(**query: str) -> AppTest:
    """Train, opened by a link."""
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    app.switch_page(TRAIN)
    for name, value in query.items():
        app.query_params[name.replace("__", ".")] = value
    app.run()
    assert not app.exception
    return app


def widget(app: AppTest, kind: str, name: str) -> Any:
    """The widget of a setting, whatever recipe the form holds."""
    (found,) = [element for element in app.get(kind) if str(element.key).endswith(f"_{name}")]
    return found


def names_of(app: AppTest) -> set[str]:
    return {key.split("_", 2)[-1] for key in keys_of(app) if key.startswith("train_wanted")}


def test_link_sets_the_recipe_and_start_starts_exactly_that() -> None:
    app = opened(preset="quick-mlp", train__learning_rate="0.3", model__hidden="32-16", augment__rotation="10")
    assert "From the address: **Quick**, with" in said(app)
    app.button(key="train_start").click().run()
    (run,) = Store().runs()
    assert (run.config.preset, run.config.train.learning_rate, run.config.train.batch_size) == ("quick-mlp", 0.3, 128)
    assert (run.config.model.hidden, run.config.augment.rotation) == ((32, 16), 10)


def test_hidden_control_is_not_there_and_keeps_the_links_value() -> None:
    app = opened(train__seed="7", hide="seed,optimizer,hidden,learning_rate,device")
    assert names_of(app).isdisjoint({"seed", "optimizer", "hidden", "learning_rate", "learning_rate_slider", "device"})
    app.button(key="train_start").click().run()
    assert Store().runs()[0].config.train.seed == 7


def test_locked_control_is_shown_and_cannot_be_changed() -> None:
    app = opened(train__epochs="3", lock="epochs,learning_rate,hidden,device")
    assert widget(app, "number_input", "epochs").disabled
    assert widget(app, "number_input", "epochs").value == 3
    assert widget(app, "select_slider", "slider").disabled
    assert widget(app, "text_input", "hidden").disabled
    assert widget(app, "selectbox", "device").disabled
    assert app.selectbox(key="train_preset").disabled
    assert not widget(app, "number_input", "batch_size").disabled


def test_what_is_locked_holds_against_an_experiment() -> None:
    app = opened(train__epochs="3", lock="epochs")
    app.button(key="train_try_0").click().run()
    app.button(key="train_start").click().run()
    train = Store().runs()[0].config.train
    assert (train.epochs, train.learning_rate) == (3, 1.0)


def test_what_is_locked_is_not_offered_to_be_changed_after_a_run() -> None:
    def offered(app: AppTest) -> set[str]:
        return {button.label.split(" ")[0] for button in app.button if str(button.key).startswith("change_")}

    run_id = finished()
    assert offered(opened(run=run_id)) == {"Learning", "Dropout", "Augmentation"}
    assert offered(opened(run=run_id, lock="learning_rate,dropout")) == {"Augmentation"}


@pytest.mark.parametrize("how", ["lock", "hide"])
def test_a_rate_that_a_link_keeps_is_not_changed_while_the_run_runs_either(how: str) -> None:
    run_id = running()
    assert not opened(run=run_id).select_slider(key=f"rate_{run_id}_0").disabled
    assert opened(run=run_id, **{how: "learning_rate"}).select_slider(key=f"rate_{run_id}_0").disabled


def test_link_can_be_left() -> None:
    app = opened(train__epochs="3", lock="epochs", hide="seed")
    app.button(key="recipe_leave").click().run()
    assert app.number_input(key=f"{TUTORIAL}_epochs").value == 10
    assert not app.number_input(key=f"{TUTORIAL}_epochs").disabled
    assert f"{TUTORIAL}_seed" in keys_of(app)


def test_rubbish_in_a_link_is_told_and_the_nearest_recipe_shown() -> None:
    app = opened(preset="nonsense", train__epochs="5000", train__speed="9", hide="sead")
    told = " ".join(warning.value for warning in app.warning)
    assert "There is no preset `nonsense`, so you see tutorial-mlp." in told
    assert (
        'For "epochs" the link gives `5000`. It can be a whole number from 1 to 1,000. You see 1,000 instead.' in told
    )
    assert "There is no setting `train.speed`; it is ignored." in told
    assert "There is no setting `sead` to hide." in told
    assert widget(app, "number_input", "epochs").value == 1000
    widget(app, "number_input", "epochs").set_value(3).run()
    assert not app.warning


def test_markup_in_a_link_stays_text() -> None:
    app = opened(preset="**bold** `x` <b>")
    assert "`**bold**  x  <b>`" in app.warning[0].value


def test_link_with_a_run_shows_both() -> None:
    run_id = finished()
    app = opened(run=run_id, train__seed="4")
    assert f"run `{run_id}`" in said(app)
    assert widget(app, "number_input", "seed").value == 4


def test_address_follows_the_form() -> None:
    app = open_page(TRAIN)
    assert "preset" not in app.query_params
    app.number_input(key=f"{TUTORIAL}_epochs").set_value(3).run()
    assert app.query_params["train.epochs"] in ("3", ["3"])
    app.number_input(key=f"{TUTORIAL}_epochs").set_value(10).run()
    assert "train.epochs" not in app.query_params


def test_share_makes_a_link_with_what_is_hidden_and_locked() -> None:
    app = open_page(TRAIN)
    app.number_input(key=f"{TUTORIAL}_seed").set_value(5).run()
    app.multiselect(key="share_hidden").set_value(["seed", "optimizer"]).run()
    app.multiselect(key="share_locked").set_value(["epochs"]).run()
    links = [code.value for code in app.code if "?" in code.value and "preset=" in code.value]
    assert links[0].endswith("?preset=tutorial-mlp&train.seed=5&hide=optimizer,seed&lock=epochs")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "teacher.school"])
def test_share_says_that_localhost_is_this_computer_alone(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ContextProxy, "url", f"http://{host}:8501/Train")
    app = open_page(TRAIN)
    assert ("replace localhost by" in said(app)) == (host != "teacher.school")


def downloads(app: AppTest) -> dict[str, Any]:
    return {button.key.split("_")[1]: button for button in app.get("download_button") if "take_" in button.key}


def test_finished_run_can_be_taken_home_in_every_format() -> None:
    app = opened(run=finished())
    found = downloads(app)
    assert set(found) == set(export.FORMATS)
    assert not any(button.disabled for button in found.values())


def test_format_that_cannot_hold_a_model_is_off_and_says_why() -> None:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    app.switch_page("pages/6_Evaluate.py")
    app.query_params["model"] = "best-cnn"
    app.run()
    script = downloads(app)["script"]
    assert script.disabled
    assert "'framed', which a script of at most 60 lines cannot carry" in script.help


@pytest.fixture
def exported() -> bytes:
    return export.export("fast-cnn", "archive", Store()).content


def test_server_takes_the_largest_run_that_there_can_be() -> None:
    with torch.device("meta"):
        model = build_model(ModelConfig(hidden=(MAX_WIDTH,) * MAX_HIDDEN, batch_norm=True))
    num_bytes = sum(tensor.nbytes for tensor in model.state_dict().values())
    server = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["server"]
    field = open_page(RUNS).file_uploader(key="importing_file")
    assert field.proto.max_upload_size_mb == server["maxUploadSize"] == MOST_BYTES / 1e6
    assert num_bytes < 0.8 * MOST_BYTES  # the rest is for its curves


def test_exported_run_comes_in_by_upload_once(exported: bytes) -> None:
    app = open_page(RUNS)
    app.file_uploader(key="importing_file").upload("run.zip", exported, "application/zip").run()
    (run,) = Store().runs()
    assert f"It is here as run `{run.id}`: 99.04 % of the test digits" in app.success[0].value
    app.run()
    assert len(Store().runs()) == 1


def test_imported_run_stands_in_the_table_at_once_and_may_be_deleted_again(exported: bytes) -> None:
    app = open_page(RUNS)
    app.file_uploader(key="importing_file").upload("run.zip", exported, "application/zip").run()
    assert "runs_delete" in keys_of(app)  # the table lists it, and what can be done with it stands below
    (run,) = Store().runs()
    app.button(key="runs_delete").click().run()
    assert not app.exception
    assert not app.error
    assert f"It was here as run `{run.id}`, which has been deleted since." in app.info[-1].value


def test_what_is_no_exported_run_is_told_by_a_sentence() -> None:
    app = open_page(RUNS)
    app.file_uploader(key="importing_file").upload("run.zip", b"PK no zip", "application/zip").run()
    assert "This is not a zip file." in app.error[0].value
    assert not Store().runs()


def test_imported_run_is_shown_without_more_epochs(exported: bytes) -> None:
    from mnistlab.importing import import_run

    app = opened(run=import_run(exported, Store()))
    assert "run_extend" not in keys_of(app)
    assert "of the test digits correctly" in said(app)


def test_locked_setting_that_another_one_excludes_is_said_beside_the_form_and_start_stays() -> None:
    app = opened(train__momentum="0.9", train__nesterov="true", lock="nesterov")
    widget(app, "selectbox", "optimizer").set_value("adam").run()
    assert not app.exception
    assert any("nesterov needs optimizer sgd" in error.value for error in app.error)
    assert app.button(key="train_start").disabled


def test_width_of_thousands_of_figures_is_a_sentence() -> None:
    app = opened()
    widget(app, "text_input", "hidden").set_value("1" * 5000).run()
    assert not app.exception
    assert app.button(key="train_start").disabled


def test_what_a_link_locks_is_told_of_what_an_experiment_or_another_page_sets() -> None:
    app = opened(train__epochs="3", lock="epochs")
    app.button(key="train_try_0").click().run()
    assert "What the link locks stays as it is." in said(app)
    app = opened(train__learning_rate="0.3", lock="hidden")
    app.session_state[recipe.MODEL_SENT] = {"hidden": [64, 32]}
    app.run()
    assert "Network from Model, except for what the link locks: **784-512-10**" in said(app)
    app.button(key="train_start").click().run()
    assert Store().runs()[0].config.model.hidden == (512,)


def test_a_link_that_is_passed_on_hides_and_locks_the_same() -> None:
    app = opened(train__epochs="3", lock="epochs,rotation", hide="seed,device")
    hidden, locked = app.multiselect
    assert hidden.value == ["seed", "device"]
    assert locked.value == ["epochs", "rotation"]
    app.button(key="recipe_leave").click().run()
    before = {hidden.key, locked.key}
    hidden, locked = app.multiselect
    assert hidden.value == locked.value == []
    assert not before & {hidden.key, locked.key}  # under its old name the browser would keep what was chosen
