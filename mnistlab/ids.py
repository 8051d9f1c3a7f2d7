"""The ids of runs and sweeps: eight letters or digits that are hard to confuse, and safe in any URL."""

import re
import secrets

# Without the letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_ID = re.compile(f"[{_ALPHABET}]{{8}}")


def new_id() -> str:
    """Eight letters or digits that no other run or sweep has."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def is_run_id(text: object) -> bool:
    """Whether this could be a run's id; anything else never reaches the database."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None
