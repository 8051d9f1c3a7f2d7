"""The package as a whole: what it offers, what it loads, and what it never touches."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import mnistlab
from tests.programs import printed

FOUND = pkgutil.walk_packages(mnistlab.__path__, "mnistlab.")
MODULES = [module.name for module in FOUND if not module.name.endswith("__main__")]


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh Python has loaded after a statement."""
    program = f"import sys; {statement}; print(' '.join(name for name in sys.modules if '.' not in name))"
    return set(printed(program).split())


@pytest.mark.parametrize("name", mnistlab.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(mnistlab, name) is not None


def test_every_public_name_is_told_to_type_checkers_and_loaded_alike() -> None:
    assert sorted(mnistlab.__all__) == sorted(mnistlab._HOMES)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'mnistlab' has no attribute 'trian'"):
        mnistlab.trian  # noqa: B018


def test_importing_mnistlab_loads_nothing_heavy() -> None:
    assert loaded_by("import mnistlab").isdisjoint({"torch", "torchvision", "numpy", "sqlalchemy", "distributed"})


def test_type_checkers_of_others_are_told_that_there_are_types() -> None:
    assert (Path(mnistlab.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("module", ["config", "space", "sweep_config", "ink"])
def test_defaults_of_settings_are_given_by_name(module: str) -> None:
    """Else type checkers and editors without pydantic's plugin take each setting for one that must be given."""
    source = Path(importlib.import_module(f"mnistlab.{module}").__file__ or "").read_text(encoding="utf-8")
    fields = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "Field"
    ]
    assert fields
    assert not [ast.unparse(field) for field in fields if field.args]


def test_a_page_can_start_jobs_without_loading_torch() -> None:
    assert loaded_by("import mnistlab.jobs, mnistlab.presets").isdisjoint({"torch", "torchvision", "distributed"})


def test_the_core_never_loads_the_face() -> None:
    everything = "import " + ", ".join(MODULES)
    assert loaded_by(everything).isdisjoint({"streamlit", "plotly", "ui"})


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name: str) -> None:
    assert importlib.import_module(name).__doc__
