"""The queue, the steering of runs and a set of drawings on PostgreSQL: their own tests, with another store."""

from pathlib import Path

import pytest

from mnistlab.config import RunConfig
from mnistlab.errors import StoreError
from mnistlab.store import Store
from tests import test_faults, test_pausing, test_queue, test_steering
from tests.importing import test_digits
from tests.trust.places import make_database

# The tests' helpers and fixtures come along; `store` below takes the place of the one on SQLite.
for module in (test_queue, test_steering, test_pausing, test_faults):
    globals().update({name: thing for name, thing in vars(module).items() if not name.startswith("__")})
test_two_who_bring_in_the_same_set = test_digits.test_two_who_bring_in_the_same_set_at_once_add_it_once


@pytest.fixture
def store(postgres_address: str, lab: Path) -> Store:
    return Store(make_database(postgres_address, lab.parent.name))


def test_server_that_takes_nothing_is_for_its_keeper_to_mend(store: Store) -> None:
    reading = Store(f"{store.url}?options=-cdefault_transaction_read_only%3Don")
    with pytest.raises(StoreError, match=r"read-only transaction\. Ask whoever runs its server\.$"):
        reading.create(RunConfig())
