"""The engine's notice: of several engines of one lab, one alone publishes its own."""

import subprocess
import sys
from pathlib import Path

from mnistlab import notice

# What an engine does: it listens, then publishes. Looking takes long here, so that all look before any has written.
ENGINE = """
import socket, sys, time
from mnistlab import notice
look = notice.read
notice.read = lambda: (look(), time.sleep(0.5))[0]
with socket.create_server(("127.0.0.1", 0)) as listening:
    print(notice.publish(f"tcp://127.0.0.1:{listening.getsockname()[1]}"), flush=True)
    sys.stdin.read()
"""


def test_of_engines_that_publish_at_once_one_does(lab: Path) -> None:
    lab.mkdir(exist_ok=True)
    pipe = subprocess.PIPE
    engines = [subprocess.Popen([sys.executable, "-c", ENGINE], stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    try:
        answers = [each.stdout.readline().strip() for each in engines if each.stdout is not None]
        assert sorted(answers) == ["False", "False", "True"]
        told = notice.read()
        assert told is not None
        assert told.pid == engines[answers.index("True")].pid
    finally:
        for each in engines:
            each.communicate()
