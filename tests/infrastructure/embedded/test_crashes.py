import os
import signal
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

from infrastructure.embedded import launcher
from infrastructure.embedded.address import Address
from infrastructure.embedded.errors import StartError
from infrastructure.embedded.processes import processes_in
from infrastructure.embedded.server import EmbeddedPostgres
from tests.infrastructure.embedded.support import Worker, ask, data_of, kill_server, server_pid, until

LOCKS = ("postmaster.pid", "../socket/.s.PGSQL.5432.lock")


def test_after_a_killed_server_the_next_start_recovers_what_was_committed(home: Path) -> None:
    embedded = EmbeddedPostgres(home)
    address = embedded.start()
    ask(address, "create table kept as select n from generate_series(1, 1000) n")
    killed = kill_server(home)
    again = embedded.start()
    assert server_pid(home) not in (None, killed)
    assert ask(again, "select count(*) from kept") == 1000
    embedded.stop()
    assert server_pid(home) is None


def test_after_a_killed_server_another_process_recovers_it_for_all(home: Path) -> None:
    with EmbeddedPostgres(home) as address, Worker(home) as other:
        other.said()
        kill_server(home)
        with Worker(home) as third:
            assert third.said()["server"] == server_pid(home)
            third.leave()
        assert ask(address, "select 1") == 1
        other.leave()
        assert ask(address, "select 1") == 1
    assert server_pid(home) is None


def test_a_busy_session_of_a_killed_server_does_not_hold_up_the_next(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "ORPHAN_SECONDS", 0.3)
    embedded = EmbeddedPostgres(home)
    address = embedded.start()
    session = threading.Thread(target=_spin, args=(address,))
    session.start()
    until(
        lambda: ask(address, "select count(*) from pg_stat_activity where query ~ '^do' and state = 'active'"),
        "the session spins",
    )
    kill_server(home)
    assert processes_in(data_of(home).resolve())
    assert ask(embedded.start(), "select 1") == 1
    session.join()
    embedded.stop()


def _spin(address: Address) -> None:
    with (
        pytest.raises(psycopg.OperationalError),
        psycopg.connect(address.conninfo(user="postgres", dbname="postgres"), autocommit=True) as connection,
    ):
        connection.execute("do $$ begin loop end loop; end $$")


def test_a_server_that_starts_anew_after_a_killed_session_can_be_stopped(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "STOP_SECONDS", 10)
    embedded = EmbeddedPostgres(home)
    for _ in range(5):
        address = embedded.start()
        with psycopg.connect(address.conninfo(user="postgres", dbname="postgres")) as session:
            os.kill(session.info.backend_pid, signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                session.execute("select 1")
        embedded.stop()
        assert server_pid(home) is None


def test_a_pid_file_that_names_a_strangers_process_is_removed_and_the_stranger_left_alone(home: Path) -> None:
    embedded = EmbeddedPostgres(home)
    embedded.start()
    data = data_of(home)
    left = {name: (data / name).read_text() for name in LOCKS}
    embedded.stop()
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        for name, text in left.items():
            (data / name).write_text("\n".join([str(stranger.pid), *text.split("\n")[1:]]))
        assert embedded.status().pid is None
        assert ask(embedded.start(), "select 1") == 1
        embedded.stop()
        assert stranger.poll() is None
    finally:
        stranger.terminate()
        stranger.wait()


def test_a_pid_file_that_names_another_homes_server_leaves_that_one_alone(home: Path, place: Path) -> None:
    embedded = EmbeddedPostgres(home)
    embedded.start()
    left = (data_of(home) / "postmaster.pid").read_text()
    embedded.stop()
    with EmbeddedPostgres(place / "other") as other:
        pid = server_pid(place / "other")
        (data_of(home) / "postmaster.pid").write_text("\n".join([str(pid), *left.split("\n")[1:]]))
        with EmbeddedPostgres(home) as address:
            assert address.socket_directory != other.socket_directory
            assert server_pid(home) != pid
        assert ask(other, "select 1") == 1
        assert server_pid(place / "other") == pid


def test_a_damaged_pid_file_does_not_hold_up_a_start(home: Path) -> None:
    embedded = EmbeddedPostgres(home)
    embedded.start()
    embedded.stop()
    for text in ("", "nonsense\n", "0\n", "-1\n", "1\n", "99999999999\n"):
        (data_of(home) / "postmaster.pid").write_text(text)
        assert ask(embedded.start(), "select 1") == 1
        embedded.stop()


def test_a_server_that_can_not_start_is_reported_in_its_own_words(home: Path) -> None:
    embedded = EmbeddedPostgres(home)
    embedded.start()
    embedded.stop()
    with (data_of(home) / "postgresql.conf").open("a") as settings:
        settings.write("\nno_such_setting = 1\n")
    with pytest.raises(StartError, match="no_such_setting") as caught:
        embedded.start()
    assert "postgres.log" in str(caught.value)
    assert server_pid(home) is None
    assert not os.path.lexists(data_of(home) / "postmaster.pid")
