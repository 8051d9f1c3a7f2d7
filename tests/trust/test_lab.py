"""A lab's own promises: its connections are private, and each run goes to a worker that has what it needs."""

import subprocess
from pathlib import Path

import dask
import pytest

from mnistlab import engine, jobs
from mnistlab.config import RunConfig, parse_config
from mnistlab.errors import EngineError
from mnistlab.runs import Run
from mnistlab.store import Store
from tests.acting import wait_awake
from tests.trust.places import Cluster, make_database

pytestmark = pytest.mark.usefixtures("no_engine_yet")

PATIENCE = 120.0
SMALL = {"model": {"hidden": ()}, "train": {"batch_size": 4096, "epochs": 1, "validation_size": 30_000}}


def small(device: str) -> RunConfig:
    return parse_config(SMALL | {"train": {**SMALL["train"], "device": device}})  # type: ignore[dict-item]


def is_over(run: Run) -> bool:
    return not run.is_active


def certificate(folder: Path, name: str, signed_by: str | None = None) -> tuple[str, str]:
    """Make a certificate as the README does it; return its file and its key's."""
    key, request, made = (folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key]
    if signed_by is None:
        subprocess.run([*new, "-x509", "-days", "2", "-out", made], check=True, capture_output=True)
    else:
        authority = ["-CA", folder / f"{signed_by}.pem", "-CAkey", folder / f"{signed_by}.key", "-CAcreateserial"]
        subprocess.run([*new, "-out", request], check=True, capture_output=True)
        signing = ["openssl", "x509", "-req", "-in", request, *authority, "-days", "2", "-out", made]
        subprocess.run(signing, check=True, capture_output=True)
    return str(made), str(key)


def tls_variables(authority: str, own: tuple[str, str]) -> dict[str, str]:
    """What a machine of the lab has in its environment."""
    tls = "DASK_DISTRIBUTED__COMM__TLS__"
    variables = {f"{tls}CA_FILE": authority, "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        variables |= {f"{tls}{role}__CERT": own[0], f"{tls}{role}__KEY": own[1]}
    return variables


def client_settings(authority: str, own: tuple[str, str]) -> dict[str, str]:
    """The same for a client in this process, whose environment Dask has read long ago."""
    tls = "distributed.comm.tls."
    return {f"{tls}ca-file": authority, f"{tls}client.cert": own[0], f"{tls}client.key": own[1]}


def test_a_lab_with_tls_trains_for_its_own_and_refuses_others(
    tmp_path: Path, lab: Path, postgres_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, _ = certificate(tmp_path, "the-lab")
    own = certificate(tmp_path, "a-machine", signed_by="the-lab")
    foreign = certificate(tmp_path, "a-stranger")
    cluster = Cluster(lab, "tls", tls_variables(authority, own))
    monkeypatch.setenv("MNISTLAB_DB", make_database(postgres_address, tmp_path.name))
    monkeypatch.setenv("MNISTLAB_SCHEDULER", cluster.address)
    cluster.start(num_workers=1)
    try:
        with pytest.raises(EngineError, match="asks for a certificate, and there is none"):
            engine.client()
        with (
            dask.config.set({**client_settings(authority, own), "distributed.comm.tls.client.cert": "/no/such.pem"}),
            pytest.raises(EngineError, match="cannot be read"),
        ):
            engine.client()
        store = Store()
        with dask.config.set(client_settings(authority, own)):
            run_id = jobs.start(small("cpu"), store)  # which also waits until the scheduler listens
            run = wait_awake(store, run_id, is_over, PATIENCE)
            assert (run.state, run.error) == ("finished", None)
        engine._client.close(timeout=2)
        with dask.config.set(client_settings(authority, foreign)), pytest.raises(EngineError, match="refuses us"):
            engine.client()
    finally:
        cluster.end()


def test_runs_go_to_workers_that_have_what_they_need(
    tmp_path: Path, lab: Path, postgres_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no GPU here: a run that is given to a worker that claims one says so, and that is how it is seen."""
    cluster = Cluster(lab)
    monkeypatch.setenv("MNISTLAB_DB", make_database(postgres_address, tmp_path.name))
    monkeypatch.setenv("MNISTLAB_SCHEDULER", cluster.address)
    cluster.start(num_workers=0)
    cluster.add_worker("--resources", "CPU=1")
    try:
        store = Store()
        on_gpu, on_cpu = jobs.start(small("cuda"), store), jobs.start(small("cpu"), store)
        wait_awake(store, on_gpu, lambda run: "offers a GPU" in (run.error or ""), PATIENCE)
        finished = wait_awake(store, on_cpu, is_over, PATIENCE)
        assert (finished.state, finished.error) == ("finished", None)
        assert store.run(on_gpu).state == "queued"  # it came first, and nobody with a CPU has taken it
        cluster.add_worker("--resources", "GPU=1")
        tried = wait_awake(store, on_gpu, is_over, PATIENCE)
        assert tried.worker not in (None, finished.worker)
        assert "'cuda' is not on this machine" in (tried.error or "")
    finally:
        cluster.end()
