"""Pick the device to compute on, keep its random numbers apart, and describe it to people."""

import ctypes
import platform
from contextlib import suppress

import torch

from mnistlab.errors import ConfigError
from mnistlab.figures import count_of

_OMP_PAUSE_SOFT = 1  # release resources until the next computation


def pick_device(name: str = "auto") -> torch.device:
    """Turn a setting into a device that is available.

    Args:
        name: auto, cpu, cuda, cuda:1, mps, xpu ... auto takes the accelerator that torch offers, else the CPU.

    Raises:
        ConfigError: the device asked for is not on this machine, or there is no such device.
    """
    if name == "cpu":
        return torch.device("cpu")
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if name == "auto":
        return accelerator or torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"{name!r} is not a device. Choose auto, cpu, cuda, cuda:1, mps or xpu.") from error
    if accelerator is None or accelerator.type != device.type:
        there = f"cpu and {accelerator.type}" if accelerator else "cpu"
        raise ConfigError(f"The device {name!r} is not on this machine, which offers {there}. Choose auto or cpu.")
    if (device.index or 0) >= torch.accelerator.device_count():
        raise ConfigError(f"There is no {name!r}: this machine has {torch.accelerator.device_count()} of that kind.")
    return device


def device_names() -> tuple[str, ...]:
    """What `pick_device` takes on this machine: auto, cpu and, where there is an accelerator, each of its kind."""
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if accelerator is None:
        return ("auto", "cpu")
    num_devices = torch.accelerator.device_count()
    numbered = [f"{accelerator.type}:{index}" for index in range(num_devices)] if num_devices > 1 else []
    return ("auto", "cpu", accelerator.type, *numbered)


def flush_denormals() -> None:
    """Let the CPU round numbers below 1e-38 to zero.

    Adam's running averages for pixels that are always black shrink into that range, where a CPU computes many times
    slower: measured on tutorial-deep, an epoch takes 42 s without this and 16 s with it, with the same weights.
    """
    torch.set_flush_denormal(True)
    _end_helper_threads()


def _end_helper_threads() -> None:
    """End the helper threads in OpenMP's pool, so that new ones inherit this thread's setting.

    torch sets it for one thread and those that it starts from then on. Source: OpenMP API 5.0,
    omp_pause_resource_all. A build of torch without it (Windows) keeps its threads, and computes slower.
    """
    with suppress(AttributeError):
        ctypes.CDLL(torch._C.__file__).omp_pause_resource_all(_OMP_PAUSE_SOFT)


def computes_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 natively; where that is only emulated, float32 is faster."""
    if device.type == "cpu":
        asks = (getattr(torch.cpu, f"_is_{unit}_supported", None) for unit in ("avx512_bf16", "amx_tile"))
        return any(bool(ask()) for ask in asks if ask is not None)
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return False


def describe_device(name: str = "auto", threads: int | None = None) -> str:
    """Describe the device to people: "CPU, 2 threads" or the accelerator's own name.

    threads: the number that a CPU computes with; by default this process's.
    """
    device = pick_device(name)
    if device.type == "cpu":
        threads = torch.get_num_threads() if threads is None else threads
        return f"CPU, {count_of(threads, 'thread')}"
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} (CUDA)"
    return device.type.upper()


def describe_machine() -> dict[str, str]:
    """What must be the same for the same seed to give the same weights; kept with every run."""
    return {
        "device": describe_device(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


class RandomStream:
    """A run's own state of torch's random number generators, kept apart from everybody else's.

    Dropout and initialisation draw from torch's global generator. A run swaps its own state in while it
    computes and out before it yields, so that whatever its consumer draws in between changes nothing.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._accelerator = None if device.type in ("cpu", "meta") else torch.get_device_module(device)
        self._which = () if device.index is None else (device,)  # else the current one; MPS has only one
        self._outside = self._read()
        torch.manual_seed(seed)
        self._inside = self._read()
        self._write(self._outside)

    def _read(self) -> list[torch.Tensor]:
        states = [torch.get_rng_state()]
        if self._accelerator is not None:
            states.append(self._accelerator.get_rng_state(*self._which))
        return states

    def _write(self, states: list[torch.Tensor]) -> None:
        torch.set_rng_state(states[0])
        if self._accelerator is not None and len(states) > 1:
            self._accelerator.set_rng_state(states[1], *self._which)

    def enter(self) -> None:
        """Swap in the run's own generator state."""
        self._outside = self._read()
        self._write(self._inside)

    def leave(self) -> None:
        """Restore the global generators as they were found."""
        self._inside = self._read()
        self._write(self._outside)

    def state(self) -> list[torch.Tensor]:
        """The run's generator state, for a checkpoint: one or two uint8 tensors; only valid outside enter/leave."""
        return self._inside

    def restore(self, states: list[torch.Tensor]) -> None:
        """Go back to what `state` has returned."""
        self._inside = states
