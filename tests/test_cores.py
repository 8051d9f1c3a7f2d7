"""The cores of this computer, shared out among trainings."""

import io
import sys
from typing import Any

import pytest

from mnistlab import cores
from mnistlab.errors import ConfigError


@pytest.mark.parametrize(
    ("num_cores", "settings", "threads"),
    [
        (8, {}, 7),
        (8, {"MNISTLAB_WORKERS": "2"}, 3),
        (2, {}, 1),
        (1, {"MNISTLAB_WORKERS": "4"}, 1),
        (8, {"MNISTLAB_THREADS": "5", "MNISTLAB_WORKERS": "2"}, 5),
        (8, {"MNISTLAB_THREADS": "", "MNISTLAB_WORKERS": "  "}, 7),  # lines of a settings file that were left open
    ],
)
def test_trainings_share_all_cores_but_one(
    monkeypatch: pytest.MonkeyPatch, num_cores: int, settings: dict[str, str], threads: int
) -> None:
    monkeypatch.setattr(cores, "num_cores", lambda: num_cores)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert cores.threads_each() == threads


@pytest.mark.parametrize("given", ["many", "0", "-1", "1.5"])
def test_number_of_threads_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("MNISTLAB_THREADS", given)
    with pytest.raises(ConfigError, match=f"MNISTLAB_THREADS is '{given}'; it must be a whole number, 1 or more"):
        cores.threads_each()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no control groups")
def test_a_container_that_is_given_few_cores_of_many_uses_those(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(64)))
    monkeypatch.setattr("psutil.Process.cpu_affinity", lambda process: list(range(64)))
    monkeypatch.setattr("os.process_cpu_count", lambda: 64, raising=False)
    limit = "200000 100000"  # microseconds of computing in so many of the clock
    really = open

    def read(path: Any, *more: Any, **named: Any) -> Any:
        return io.StringIO(limit) if str(path).endswith("cpu.max") else really(path, *more, **named)

    monkeypatch.setattr("builtins.open", read)
    assert cores.num_cores() == 2
    limit = "max 100000"
    assert cores.num_cores() == 64
