"""The engine: a Dask cluster in a process of its own, found or started; `python -m mnistlab.engine` is that process.

The store is the source of truth: the engine may die at any time, and nothing but time is lost.
`notice` says which engine is running, `renewal` when it makes way for a new one.
Settings, all from the environment:
    MNISTLAB_SCHEDULER     use this Dask scheduler instead of a local engine; its TLS settings are Dask's own
    MNISTLAB_WORKERS       how many trainings the local engine runs at a time (1)
    MNISTLAB_THREADS       how many threads each of them computes with (all cores but one, shared out)
    MNISTLAB_ENGINE_IDLE   how long the local engine waits for work before it ends itself ("15 minutes")
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from typing import Any, NoReturn
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from mnistlab import dask_files, greeting, loopback, notice, room
from mnistlab.cores import THREADS_VARIABLE, num_workers, threads_each
from mnistlab.engine_log import FAILURE, last_words, log_file, recent_failure
from mnistlab.errors import ConfigError, EngineBusyError, EngineError, MnistLabError
from mnistlab.paths import PROJECT, lab_environment, lab_folder, setting, span_setting

_START_TIMEOUT = 180.0  # seconds; 0.7 s is usual, a minute not unheard of
_DIED = (
    "One of them died while it was starting, most often because the computer ran out of memory, or of the threads "
    "that it may start. Close other programs."
)
_NO_SCHEDULER = (
    "MNISTLAB_SCHEDULER must be the address that `dask scheduler` prints, not that of its dashboard or of another "
    "program; if it is, that scheduler hangs and must be restarted."
)
# Streamlit's cache cannot keep a Dask client, so it lives here, with the child process that we may have started.
_lock = threading.Lock()
_client: Any = None
_child: "subprocess.Popen[bytes] | None" = None


def client() -> Any:
    """A Dask client connected to the engine, which is started if need be; safe to call from many threads.

    Raises:
        EngineError: it cannot be started or reached, or Dask cannot read its settings.
    """
    _check_settings()
    from mnistlab import dask_settings  # imports Dask, which reads its settings

    dask_settings.hush()
    with _lock:
        wanted = address()
    try:
        return _connected(wanted)
    except EngineError:
        if setting("MNISTLAB_SCHEDULER") or running_address() == wanted:
            raise
    with _lock:  # the engine ended in the meantime, as idle ones do
        wanted = address()
    return _connected(wanted)


def _connected(wanted: str) -> Any:
    """Our client of the scheduler at this address, or a new one.

    Raises:
        EngineError: no Dask scheduler answers there, or none that we can talk to.
    """
    global _client
    from distributed import Security
    from distributed.comm.addressing import normalize_address

    from mnistlab import dask_settings

    wanted, is_own = normalize_address(wanted), not setting("MNISTLAB_SCHEDULER")
    try:
        greeting.check_certificates(wanted)
        # Not under the lock: if nothing answers, all callers wait at the same time, not one after another.
        # Our own engine may only be busy when it is silent; whatever is silent elsewhere may not be a scheduler at all.
        security, silence = (dask_settings.own_security(), EngineBusyError) if is_own else (Security(), EngineError)
        greeting.check(wanted, security, _advice(), silence)
        with _lock:
            if _client is not None and _client.status == "running" and _client.scheduler.address == wanted:
                return _client
            if _client is not None:
                with contextlib.suppress(Exception):  # its engine is gone; there is nothing left to close properly
                    _client.close(timeout=0.5)
            _client = dask_settings.own_client(wanted) if is_own else _connect_to_lab(wanted)
            return _client
    except (OSError, TimeoutError) as error:
        if not is_own:
            raise EngineError(f"No Dask scheduler answers at {wanted}, or it refuses us: {error}.") from error
        raise EngineError(f"The engine does not answer. The end of {log_file()}: {last_words()}") from error


def _connect_to_lab(wanted: str) -> Any:
    """Connect to a scheduler that we did not start, and warm up its workers."""
    from distributed import Client

    dask = Client(wanted, set_as_default=False, timeout=10)
    threading.Thread(target=_warm_up_strangers, args=(dask,), daemon=True).start()
    return dask


def _advice() -> str:
    """What to do if it is not a scheduler that listens, or one that hangs."""
    if setting("MNISTLAB_SCHEDULER") or (found := notice.read()) is None:
        return _NO_SCHEDULER
    return f"That is the engine, process {found.pid}, which hangs: end this process, and another one is started."


def _check_settings() -> None:
    try:
        dask_files.check("distributed")
    except ConfigError as error:
        raise EngineError(str(error)) from error


def hang_up() -> None:
    """Close this process's connection to the engine, which keeps running; call it before the process ends.

    Otherwise a run that fails just then is reported to a half-closed Dask client, with a traceback on the terminal.
    """
    global _client
    with _lock:
        if _client is not None:
            with contextlib.suppress(Exception, KeyboardInterrupt):  # already gone, or an impatient Ctrl-C
                _client.close(timeout=1)
        _client = None


def _warm_up_strangers(dask: Any) -> None:
    """Let the workers of a scheduler that we did not start import torch before their first run."""
    from mnistlab.worker import WarmUp

    with contextlib.suppress(Exception):  # a worker that cannot will say so when it gets a run
        dask.register_plugin(WarmUp())


def address() -> str:
    """Where the engine listens: MNISTLAB_SCHEDULER, else the running local engine, else a new one.

    Raises:
        EngineError: MNISTLAB_SCHEDULER is not an address, or a local engine cannot be started; then the message quotes
            the end of its log.
    """
    scheduler = setting("MNISTLAB_SCHEDULER")
    if scheduler:
        return _checked(scheduler)
    try:
        with FileLock(lab_folder() / "engine.lock", timeout=_START_TIMEOUT):
            return running_address() or _start()
    except Timeout as error:
        raise EngineError("Another process has been starting the engine for three minutes. Try again.") from error
    except OSError as error:
        raise EngineError(
            f"The engine cannot be started: {error}. It is a process of its own, and writes into {lab_folder()}."
        ) from error


def _checked(scheduler: str) -> str:
    """A scheduler's address without a trailing slash, which browsers add and which would make Dask wait for ever."""
    given = scheduler.rstrip("/")
    whole = given if "://" in given else f"tcp://{given}"
    with contextlib.suppress(ValueError):  # an invalid port, or brackets that are not closed
        place = urlsplit(whole)
        is_whole = place.scheme in ("tcp", "tls") and place.hostname and place.port
        if is_whole and not (place.path or place.query or place.fragment or place.username):
            return whole
    raise EngineError(
        f"MNISTLAB_SCHEDULER is {scheduler!r}; it must be the address that `dask scheduler` prints, such as "
        "tcp://host:8786, or tls://host:8786 where the lab has certificates. Correct it, or unset it to train here."
    )


def is_up() -> bool:
    """Whether runs are being taken: the local engine listens, or MNISTLAB_SCHEDULER names one, assumed to be up."""
    return bool(setting("MNISTLAB_SCHEDULER")) or running_address() is not None


def running_address() -> str | None:
    """The local engine's address if one is running."""
    found = notice.read()
    return found.address if found is not None else None


def _start() -> str:
    """Start a local engine, and return its address once it listens."""
    global _child
    if told := recent_failure():
        raise EngineError(f"{told.rstrip('.')}. The whole story is in {log_file()}.")
    if _child is not None:  # an engine that no longer listens
        with contextlib.suppress(subprocess.TimeoutExpired):
            _child.wait(5)
    child = _child = _launch()
    until = time.monotonic() + _START_TIMEOUT
    while not (found := running_address()):
        if child.poll() is not None or time.monotonic() >= until:
            break
        time.sleep(0.05)
    if found:
        return found
    child.kill()  # if it hangs, it must not live on beside the next one
    raise EngineError(f"The engine did not start. The end of {log_file()}: {last_words()}")


def _launch() -> "subprocess.Popen[bytes]":
    log = log_file()
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":  # a hidden console that its workers share: without it, each opens its own
        detached = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    with contextlib.suppress(OSError):  # a new file: the last engine may still be ending, and writing to the old one
        log.unlink()
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "mnistlab.engine"],
            cwd=PROJECT,
            env=lab_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **detached,
        )


def serve() -> None:
    """Run the local engine until it has been idle for MNISTLAB_ENGINE_IDLE or is told to end."""
    import dask
    from distributed import LocalCluster

    from mnistlab import dask_settings
    from mnistlab.worker import step_back_together

    threads = os.environ[THREADS_VARIABLE] = str(threads_each())
    dask_settings.use(threads)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings: dict[str, Any] = {
        "n_workers": num_workers(),
        "threads_per_worker": 1,
        "host": loopback.HOST,
        "memory_limit": None,
        "dashboard_address": f"{loopback.HOST}:0",  # any free port: with None it would be 8787, maybe another lab's
        "scheduler_kwargs": {"dashboard": False, "idle_timeout": span_setting("MNISTLAB_ENGINE_IDLE", "15 minutes")},
    }
    try:
        loopback.check()
        room.check(num_workers(), int(threads))
        cluster: Any = LocalCluster(**settings)
    except Exception as error:
        _give_up(error)
    with cluster:
        cluster.loop.add_callback(cluster.scheduler.http_server.stop)  # nobody here uses Dask's HTTP server
        if not notice.publish(cluster.scheduler_address):
            return  # this lab has another engine already
        try:
            _warm_up_own(cluster)
            step_back_together()  # only now: at low priority, starting on a busy machine takes half a minute
            workers: set[int] = set()
            # If idle workers keep dying, end too: whoever has work next starts a new engine, or is told why it fails.
            while cluster.scheduler.status.name == "running" and not room.is_lacking(cluster, workers):
                time.sleep(0.5)
        finally:
            notice.withdraw()
        # Closing tries to reach the scheduler that has just ended, by default for 30 s.
        dask.config.set({"distributed.comm.timeouts.connect": "1 s"})


def _warm_up_own(cluster: Any) -> None:
    from distributed.comm.core import CommClosedError

    from mnistlab.worker import WarmUp

    try:
        with cluster.get_client() as own_client:
            own_client.register_plugin(WarmUp())
    except Exception as error:
        if cluster.scheduler.status.name != "running":
            return  # told to end, or its idle timeout is shorter than the warm-up
        _give_up(EngineError(_DIED) if isinstance(error, CommClosedError) else error)


def _give_up(error: BaseException) -> NoReturn:
    """Log the root cause, before anybody notices that the engine is gone and starts another, and exit."""
    sys.stdout.write(traceback.format_exc())
    while below := error.__cause__ or (error.__context__ if isinstance(error, AssertionError) else None):
        error = below  # Dask's own assertion, that what failed to start has ended, hides the cause
    said = error if isinstance(error, MnistLabError) else f"{type(error).__name__}: {error}"
    sys.stdout.write(f"{FAILURE}{said}\n")
    sys.stdout.flush()
    sys.exit(1)


if __name__ == "__main__":
    serve()
