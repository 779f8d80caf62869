"""`heartline backup` and `restore`, as people and scripts use them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infrastructure.embedded import server
from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.openclaw.sample.write import LIFECYCLE
from tests.databases import Databases
from tests.infrastructure.cli.running import Home
from tests.infrastructure.cli.sample import SAMPLE
from tests.infrastructure.embedded.other_majors import OTHER_MAJOR, needs_another_major
from tests.infrastructure.embedded.support import PROJECT, open_folder

KEYS = {
    *("file", "bytes", "digest", "ledger_id", "at", "partitions", "events", "deliveries", "contents", "gateways"),
    *("erased", "redacted", "heads"),
}


@pytest.fixture(scope="module")
def file(home: Home, folder: Path) -> Path:
    path = folder / "kept.backup"
    answer = home.json("backup", str(path)).answer
    assert set(answer) == KEYS
    assert (answer["file"], answer["bytes"]) == (str(path), path.stat().st_size)
    return path


@pytest.fixture
def new_home() -> Iterator[Home]:
    with open_folder() as folder:
        yield Home(folder / "home")


def test_a_ledger_moves_to_another_home_in_two_commands(home: Home, file: Path, new_home: Home) -> None:
    events = home.inside("verify", "--json").answer["events"]
    with EmbeddedPostgres(new_home.path):
        answer = new_home.json("restore", str(file)).answer
        assert set(answer) == KEYS
        verified = new_home.inside("verify", "--json").answer
        assert (verified["ok"], verified["events"], verified["heads"]) == (True, answer["events"], answer["heads"])
        assert answer["events"] <= events
        assert new_home.inside("context", *SAMPLE).text == home.inside("context", *SAMPLE).text
        again = new_home.inside("import", str(LIFECYCLE), "--gateway", "sample", "--json").answer
        assert (again["recorded"], again["events"]) == (0, 0)
        assert "never replaces" in new_home.inside("restore", str(file), code=3).err
        token_id = new_home.inside("token", "create", "x", "--scope", "admin", "--json").answer["token_id"]
        assert token_id not in home.inside("token", "list").text


def test_a_database_of_ones_own_takes_a_backup_as_its_owner(home: Home, file: Path, databases: Databases) -> None:
    url = databases.make(partitions=None)
    assert "restored and verified" in home.run("restore", str(file), HEARTLINE_DATABASE_URL=url).text
    assert home.json("verify", HEARTLINE_DATABASE_URL=url).answer["ok"]
    with psycopg.connect(url) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update heartline.events set type = 'Forged' where partition = 11 and position = 3")
    ran = home.run("backup", str(file.with_name("broken")), code=1, noted=True, HEARTLINE_DATABASE_URL=url)
    assert "11-3: it was changed" in ran.err
    assert "heartline verify" in ran.err
    assert not file.with_name("broken").exists()
    told = home.json("backup", "-", code=1, noted=True, HEARTLINE_DATABASE_URL=url)
    assert '"file":null' in told.err


def test_a_backup_goes_through_a_pipe_and_its_answer_beside_it(home: Home, new_home: Home, folder: Path) -> None:
    assert home.json("backup", "-", noted=True).err.startswith('{"file":"-"')
    ran = home.run("backup", "-", noted=True, PYTHONUNBUFFERED="1")
    assert f"{len(ran.out):,} bytes" in ran.err
    (folder / "piped").write_bytes(ran.out)
    assert new_home.json("restore", str(folder / "piped")).answer["events"] > 0


def test_a_reader_that_leaves_gets_no_backup_and_it_says_so(home: Home) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [sys.executable, "-m", "infrastructure.cli.main", "backup", "-"],
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
        env=home.environment(),
        check=False,
    )
    os.close(writer)
    assert (ran.returncode, b"[backup-not-written]" in ran.stderr) == (3, True), ran.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("backup",), 2, "FILE"),
        (("backup", str(LIFECYCLE)), 2, "[file-exists]"),
        (("backup", "/dev/null/file"), 3, "[backup-not-written]"),
        (("restore",), 2, "FILE"),
        (("restore", "-"), 2, "write it to a file first"),
        (("restore", "/dev/null/file"), 3, "Not a directory"),
        (("restore", str(LIFECYCLE)), 3, "is no backup of heartline"),
    ],
)
def test_what_cannot_be_done_is_said(home: Home, arguments: tuple[str, ...], code: int, words: str) -> None:
    ran = home.inside(*arguments, code=code)
    assert words in ran.err
    assert ran.out == b""
    assert "Traceback" not in ran.err


def test_a_damaged_file_is_refused_and_nothing_is_made(file: Path, new_home: Home) -> None:
    damaged = file.with_name("damaged")
    damaged.write_bytes(file.read_bytes()[:-100])
    ran = new_home.run("restore", str(damaged), code=3)
    assert "is cut short or damaged" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not new_home.path.exists()


@needs_another_major
def test_the_steps_to_another_postgres_are_those_that_it_says(
    new_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert OTHER_MAJOR is not None
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as before:  # the version of heartline that brought the other Postgres
        before.setattr(server, "find_binaries", lambda: OTHER_MAJOR)
        with EmbeddedPostgres(new_home.path):
            new_home.inside("import", str(LIFECYCLE), "--gateway", "sample")
        with EmbeddedPostgres(new_home.path):
            events = new_home.inside("events", "--json").text

    said = new_home.inside("streams", code=3).err
    assert "[postgres-version-mismatch]" in said
    assert f"made by Postgres {OTHER_MAJOR.major}" in said
    ran = subprocess.run(
        [sys.executable, "-m", "infrastructure.cli.main", "doctor"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=new_home.environment(),
        check=False,
    )
    assert ran.returncode == 3
    assert said.strip().removeprefix("heartline: ") in ran.stdout
    found = re.search(r"\(1\) .*: heartline (.*?) \(2\) (mv .*?) \(3\) .*: heartline (.*?) \(", said)
    assert found is not None, said
    backup, move, restore = found.groups()

    with monkeypatch.context() as before:
        before.setattr(server, "find_binaries", lambda: OTHER_MAJOR)
        new_home.inside(*backup.split())
    subprocess.run(move, shell=True, check=True)
    with EmbeddedPostgres(new_home.path):
        new_home.inside(*restore.split())
        assert new_home.inside("verify", "--json").answer["ok"]
        assert new_home.inside("events", "--json").text == events
