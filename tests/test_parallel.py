"""Leading and following, in a team of this process alone: what several do is tested with real processes."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from mnistlab import execution, parallel
from mnistlab.commands.foreground import noting_interrupts
from mnistlab.config import RunConfig
from mnistlab.data import Dataset
from mnistlab.errors import ConfigError
from mnistlab.events import StepsTaken, TrainingStarted
from mnistlab.store import Store
from mnistlab.training import train
from tests import tiny
from tests.systems import needs_posix
from tests.tiny import losses_of, weights_of

CONFIG = tiny.config({"dropout": 0.3}, {"rotation": 20, "use": "double"}, optimizer="adam", learning_rate=0.01)
CNN = tiny.config({"kind": "cnn", "channels": (4, 4, 8)})


@pytest.fixture
def _joined(tmp_path: Path) -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.FileStore(str(tmp_path / "team"), 1), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("_joined")
@pytest.mark.parametrize("config", [CONFIG, CNN], ids=["mlp", "cnn"])
def test_leading_nobody_is_training_alone(tiny_dataset: Dataset, config: RunConfig) -> None:
    alone, led = list(train(config, tiny_dataset)), list(parallel.lead(config, tiny_dataset))
    assert losses_of(led) == pytest.approx(losses_of(alone), abs=1e-6)
    assert all(torch.allclose(weights_of(led)[name], tensor, atol=1e-6) for name, tensor in weights_of(alone).items())


@pytest.mark.usefixtures("_joined")
def test_what_is_said_arrives_with_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[torch.Tensor] = []
    monkeypatch.setattr(dist, "broadcast", lambda tensor, source: sent.append(tensor.clone()))
    parallel.Team().tell({"rate_changes": [[3, 0.5]]}, b"checkpoint \x00\xff")
    monkeypatch.setattr(dist, "broadcast", lambda tensor, source: tensor.copy_(sent.pop(0)))
    assert parallel.Team().hear() == ({"rate_changes": [[3, 0.5]]}, b"checkpoint \x00\xff")


@pytest.mark.usefixtures("_joined", "talkative")
def test_who_stops_listening_stops_all(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(parallel.Team, "tell", lambda self, what, _=b"": said.append(json.loads(json.dumps(what))))
    with closing(parallel.lead(CONFIG, tiny_dataset)) as events:
        for event in events:
            if isinstance(event, TrainingStarted):
                state = event.state
            if isinstance(event, StepsTaken):
                state.change_learning_rate(0.005)
                if event.step > 1:
                    break
    assert said[-1] == {"stop": True}
    assert {"rate_changes": [[1, 0.005]], "slow_motion": False} in said


@pytest.mark.usefixtures("_joined", "talkative")
def test_a_run_that_is_led_is_kept_as_any_other(store: Store) -> None:
    run_id = store.create(CONFIG)
    execution.execute(store, run_id)
    run = store.run(run_id)
    assert (run.state, run.error) == ("finished", None)
    assert run.result is not None
    assert run.result["machine"]["device"].endswith("in 1 processes")


@pytest.mark.usefixtures("_joined")
def test_batch_norm_on_a_cpu_is_refused(tiny_dataset: Dataset) -> None:
    with pytest.raises(ConfigError, match="Batch norm needs the whole batch"):
        list(parallel.lead(tiny.config({"batch_norm": True}), tiny_dataset))


@pytest.mark.usefixtures("_joined")
def test_too_few_gpus_for_the_processes_are_told(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "pick_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="2 processes were started, and this machine has 1 GPU"):
        list(parallel.lead(CONFIG, tiny_dataset))
    monkeypatch.setattr(parallel, "pick_device", lambda name: torch.device("cuda:1"))
    with pytest.raises(ConfigError, match="cannot train on cuda:1"):
        list(parallel.lead(CONFIG, tiny_dataset))


@needs_posix
def test_what_torchrun_sends_does_not_cut_off_the_last_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv("WORLD_SIZE", "2")
    try:
        with noting_interrupts() as is_interrupted:
            assert not is_interrupted()
        os.kill(os.getpid(), signal.SIGTERM)  # ends a process that has no handler for it
        assert is_interrupted()
    finally:
        signal.signal(signal.SIGTERM, before)
