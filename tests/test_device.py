"""Picking a device, naming it, and keeping a run's random numbers apart from everybody else's."""

from types import SimpleNamespace

import pytest
import torch

from mnistlab.device import (
    RandomStream,
    computes_bfloat16,
    describe_device,
    describe_machine,
    device_names,
    pick_device,
)
from mnistlab.errors import ConfigError
from tests.programs import printed

CPU = torch.device("cpu")


@pytest.fixture
def no_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: None)


@pytest.fixture
def one_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with one CUDA device, as far as picking goes."""
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 1)


@pytest.mark.usefixtures("no_accelerator")
def test_auto_is_the_cpu_where_there_is_nothing_else() -> None:
    assert pick_device() == pick_device("auto") == CPU


@pytest.mark.usefixtures("one_cuda")
def test_auto_takes_the_accelerator() -> None:
    assert pick_device("auto") == torch.device("cuda")


@pytest.mark.usefixtures("one_cuda")
@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0"])
def test_a_device_that_is_there_is_taken_as_asked(name: str) -> None:
    assert pick_device(name) == torch.device(name)


@pytest.mark.usefixtures("no_accelerator")
@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps", "xpu"])
def test_a_missing_device_is_refused_not_replaced(name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' is not on this machine, which offers cpu"):
        pick_device(name)


@pytest.mark.usefixtures("one_cuda")
def test_another_kind_of_accelerator_is_refused() -> None:
    with pytest.raises(ConfigError, match="'mps' is not on this machine, which offers cpu and cuda"):
        pick_device("mps")


@pytest.mark.usefixtures("one_cuda")
def test_a_device_number_beyond_the_last_is_refused() -> None:
    with pytest.raises(ConfigError, match="There is no 'cuda:1': this machine has 1"):
        pick_device("cuda:1")


def test_a_word_that_is_no_device_is_refused() -> None:
    with pytest.raises(ConfigError, match="'banana'"):
        pick_device("banana")


@pytest.mark.parametrize(("threads", "text"), [(1, "CPU, 1 thread"), (2, "CPU, 2 threads")])
def test_cpu_is_named_with_its_threads(monkeypatch: pytest.MonkeyPatch, threads: int, text: str) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert describe_device("cpu") == text


def test_cpu_is_named_with_the_threads_of_another_process() -> None:
    assert describe_device("cpu", threads=7) == "CPU, 7 threads"


def test_machine_is_described_by_what_decides_the_weights() -> None:
    machine = describe_machine()
    assert set(machine) == {"device", "torch", "python", "system"}
    assert machine["torch"] == torch.__version__


def test_numbers_too_small_are_zero_on_each_thread_that_computes() -> None:
    # In a process of its own: the two threads have computed before, as in a notebook, and the setting stays.
    program = """
import torch
from mnistlab.device import flush_denormals
torch.set_num_threads(2)
shares = lambda: (torch.full((2_000_000,), 1e-30) * 1e-9).view(torch.int32).ne(0).view(2, -1).float().mean(1).tolist()
print(*shares())
flush_denormals()
print(*shares())
"""
    assert printed(program).split() == ["1.0", "1.0", "0.0", "0.0"]


def test_a_stream_draws_what_its_seed_says() -> None:
    stream = RandomStream(5, CPU)
    stream.enter()
    drawn = torch.rand(3)
    stream.leave()
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))


def test_a_stream_leaves_the_global_generator_as_it_found_it() -> None:
    torch.manual_seed(1)
    expected = torch.rand(4)
    torch.manual_seed(1)
    stream = RandomStream(5, CPU)
    first = torch.rand(2)
    stream.enter()
    torch.rand(100)
    stream.leave()
    assert torch.equal(torch.cat([first, torch.rand(2)]), expected)


def test_a_stream_goes_on_where_it_left_whatever_is_drawn_outside() -> None:
    torch.manual_seed(5)
    expected = torch.rand(4)
    stream, drawn = RandomStream(5, CPU), []
    for _ in range(2):
        stream.enter()
        drawn.append(torch.rand(2))
        stream.leave()
        torch.manual_seed(99)
        torch.rand(7)
    assert torch.equal(torch.cat(drawn), expected)


def test_a_restored_stream_repeats_what_came_after() -> None:
    stream = RandomStream(5, CPU)
    kept = [state.clone() for state in stream.state()]
    stream.enter()
    drawn = torch.rand(3)
    stream.leave()
    other = RandomStream(6, CPU)
    other.restore(kept)
    other.enter()
    assert torch.equal(torch.rand(3), drawn)
    other.leave()


def test_each_device_that_is_named_can_be_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(pick_device(name) for name in device_names())
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    assert device_names() == ("auto", "cpu", "cuda", "cuda:0", "cuda:1")
    assert all(pick_device(name) for name in device_names())


def test_bfloat16_is_used_only_where_a_device_computes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_there in (True, False):
        for unit in ("avx512_bf16", "amx_tile"):
            monkeypatch.setattr(torch.cpu, f"_is_{unit}_supported", lambda is_there=is_there: is_there, raising=False)
        assert computes_bfloat16(torch.device("cpu")) is is_there
    assert not computes_bfloat16(torch.device("meta"))


def test_a_named_device_keeps_the_numbers_of_that_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for torch.cuda, whose functions mean the present device where none is named."""
    second, states = torch.device("cuda:1"), {0: torch.tensor([0]), 1: torch.tensor([10])}

    def read(device: torch.device | int = 0) -> torch.Tensor:
        return states[device if isinstance(device, int) else device.index or 0]

    def write(state: torch.Tensor, device: torch.device | int = 0) -> None:
        states[device if isinstance(device, int) else device.index or 0] = state

    cuda = SimpleNamespace(get_rng_state=read, set_rng_state=write)
    monkeypatch.setattr(torch, "get_device_module", lambda device: cuda)
    stream = RandomStream(5, second)
    stream.enter()
    states[1] = torch.tensor([11])  # dropout has drawn
    stream.leave()
    assert (int(states[0]), int(states[1]), int(stream.state()[1])) == (0, 10, 11)
