"""The queue and the steering of runs on PostgreSQL: their own tests, with another store."""

from pathlib import Path

import pytest

from mnistlab.store import Store
from tests import test_faults, test_pausing, test_queue, test_steering
from tests.trust.places import make_database

# The tests' helpers and fixtures come along; `store` below takes the place of the one on SQLite.
for module in (test_queue, test_steering, test_pausing, test_faults):
    globals().update({name: thing for name, thing in vars(module).items() if not name.startswith("__")})


@pytest.fixture
def store(postgres_address: str, lab: Path) -> Store:
    return Store(make_database(postgres_address, lab.parent.name))
