"""A service of one's own for a benchmark, in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil  # type: ignore[import-untyped]  # it brings no types
from msgspec import Struct

from infrastructure.settings import DATABASE_URL
from tests.bench.servers import Database

_SERVED = re.compile(r"serves http://127\.0\.0\.1:(\d+)")


class Service(Struct, frozen=True):
    """A running service."""

    port: int
    process: psutil.Process


@contextmanager
def serving(database: Database, module: str = "infrastructure.cli.main") -> Iterator[Service]:
    """Serve a database's ledger for as long as the block runs."""
    command = [sys.executable, "-m", module, "serve", "--port", "0", "--rate", "1000000"]
    environment = {**os.environ, DATABASE_URL: database.service}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as service:
        stderr = service.stderr
        assert stderr is not None
        found = next((found for line in stderr if (found := _SERVED.search(line))), None)
        assert found is not None
        logs = subprocess.Popen(["cat"], stdin=stderr, stdout=subprocess.DEVNULL)
        yield Service(int(found[1]), psutil.Process(service.pid))
        service.terminate()
        service.wait()
        logs.wait()
