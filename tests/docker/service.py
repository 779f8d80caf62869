"""A service in a process of its own, for as long as a test needs it."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS_TO_END = 10
"""How long ending may take, as the service promises."""


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[int]:
    """Start a service; give its port. It is told to end at last, and must do so in time, with exit code 0."""
    with subprocess.Popen(command, env=environment, cwd="/", stderr=subprocess.PIPE, text=True) as process:
        try:
            yield _port(process)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=SECONDS_TO_END)
            assert process.returncode == 0, said
        finally:
            process.kill()


def _port(process: "subprocess.Popen[str]") -> int:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"Heartline serves http://[\d.]+:(\d+) ", line):
            return int(found[1])
    raise AssertionError(said)
