"""`heartline events --follow`: line by line as it happens, until Ctrl-C, beside the database and from afar."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE
from tests.infrastructure.cli.running import Home
from tests.infrastructure.embedded.support import PROJECT
from tests.infrastructure.http.conftest import served
from tests.infrastructure.http.live import record

LONG = 30


@contextmanager
def following(database: str, *arguments: str, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "infrastructure.cli.main", "events", "--follow", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
        env=Home(folder / "none").environment(HEARTLINE_DATABASE_URL=database),
    ) as process:
        yield process


def a_line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, bytes]:
    assert process.stderr is not None
    said = process.stderr.read()
    return process.wait(LONG), said


@pytest.mark.parametrize("afar", [False, True], ids=["beside the database", "from afar"])
def test_events_are_printed_as_they_happen_until_ctrl_c(database: str, tmp_path: Path, afar: bool) -> None:
    with served(database) as url, httpx.Client(base_url=url) as client:
        record(client, "a")
        arguments = [
            "--json",
            "--since",
            "2020-01-01",
            "--type",
            "MaintenanceRecorded",
            *(["--url", url] if afar else []),
        ]
        with following(database, *arguments, folder=tmp_path) as process:
            found = [json.loads(a_line(process))["position"]]
            for number in range(3):
                record(client, f"{number}")
                found.append(json.loads(a_line(process))["position"])
            process.send_signal(signal.SIGINT)
            code, said = ended(process)
    assert found == [2, 3, 4, 5]
    assert code == 130
    assert b"Traceback" not in said


@pytest.mark.parametrize("afar", [False, True], ids=["beside the database", "from afar"])
def test_as_many_as_are_asked_for_end_it_and_a_cursor_begins_it(
    database: str, ledger: Ledger, tmp_path: Path, afar: bool
) -> None:
    Importer(ledger, gateway="home").import_recording(str(LIFECYCLE), lambda _bytes: None)
    home = Home(tmp_path / "none")
    listed = home.json("events", HEARTLINE_DATABASE_URL=database).out.splitlines()
    cursor = json.loads(listed[9])["cursor"]
    with served(database) as url:
        there = ["--url", url] if afar else []
        with following(database, "--json", "--after", cursor, "--limit", "20", *there, folder=tmp_path) as process:
            assert process.stdout is not None
            found = process.stdout.read().splitlines()
            assert ended(process) == (0, b"")
    assert found == listed[10:30]


def test_a_reader_that_leaves_is_no_error(database: str, ledger: Ledger, tmp_path: Path) -> None:
    Importer(ledger, gateway="home").import_recording(str(LIFECYCLE), lambda _bytes: None)
    with following(database, "--since", "2020-01-01", folder=tmp_path) as process:
        assert process.stdout is not None
        assert a_line(process)
        process.stdout.close()
        Importer(ledger, gateway="attic").import_recording(str(LIFECYCLE), lambda _bytes: None)
        assert ended(process) == (0, b"")
