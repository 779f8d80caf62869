import stat
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from infrastructure.embedded.layout import LOG_BYTES
from infrastructure.embedded.server import EmbeddedPostgres
from tests.infrastructure.embedded.support import PATHS, Worker, ask, data_of, server_pid, until


def test_a_first_start_makes_a_durable_utf8_cluster(new_home: Path) -> None:
    with EmbeddedPostgres(new_home) as address:
        settings = {
            name: ask(address, f"select current_setting('{name}')")
            for name in (
                "fsync",
                "full_page_writes",
                "synchronous_commit",
                "data_checksums",
                "server_encoding",
                "max_connections",
                "shared_buffers",
            )
        }
        locale = ask(
            address,
            "select datlocprovider::text || ' ' || datlocale from pg_database where datname = 'postgres'",
        )
    assert settings == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "max_connections": "60",
        "shared_buffers": "128MB",
    }
    assert locale == "b C.UTF-8"


def test_only_a_private_unix_socket_is_listened_on(new_home: Path) -> None:
    with EmbeddedPostgres(new_home) as address:
        pid = server_pid(new_home)
        assert pid is not None
        listening = psutil.Process(pid).net_connections(kind="inet")
        modes = [
            stat.S_IMODE(path.stat().st_mode)
            for path in (address.data_directory, address.socket_directory, new_home / "postgres")
        ]
        rules = (address.data_directory / "pg_hba.conf").read_text()
    assert listening == []
    assert modes == [0o700, 0o700, 0o700]
    assert "host" not in rules


def test_a_restart_keeps_the_data(home: Path) -> None:
    embedded = EmbeddedPostgres(home)
    first = embedded.start()
    ask(first, "create table kept as select 42 as answer")
    embedded.stop()
    assert server_pid(home) is None
    second = embedded.start()
    assert ask(second, "select answer from kept") == 42
    embedded.stop()


def test_stopping_twice_or_before_a_start_does_nothing(home: Path) -> None:
    embedded = EmbeddedPostgres(home)
    embedded.stop()
    embedded.start()
    embedded.stop()
    embedded.stop()
    assert server_pid(home) is None


def test_starting_twice_keeps_the_server(home: Path) -> None:
    embedded = EmbeddedPostgres(home)
    first, pid = embedded.start(), server_pid(home)
    assert (embedded.start(), server_pid(home)) == (first, pid)
    embedded.stop()
    assert server_pid(home) is None


def test_two_objects_of_one_process_are_two_users(home: Path) -> None:
    one, other = EmbeddedPostgres(home), EmbeddedPostgres(home)
    address = one.start()
    assert other.start() == address
    one.stop()
    assert ask(address, "select 1") == 1
    other.stop()
    assert server_pid(home) is None


def test_two_names_of_one_home_share_one_server(new_home: Path, place: Path) -> None:
    link = place / "link"
    link.symlink_to(new_home)
    with EmbeddedPostgres(new_home) as address, EmbeddedPostgres(link) as same:
        assert same == address


def test_status_tells_what_there_is_and_changes_nothing(new_home: Path) -> None:
    embedded = EmbeddedPostgres(new_home)
    before = embedded.status()
    assert not new_home.exists()
    address = embedded.start()
    during = embedded.status()
    embedded.stop()
    after = embedded.status()
    assert (before.pid, before.data_version) == (None, None)
    assert during.pid is not None
    assert during.binaries is not None
    assert during.version is not None
    assert during.version.split(".")[0] == during.data_version == "18"
    assert during.socket_directory == address.socket_directory
    assert during.log.exists()
    assert (after.pid, after.socket_directory, after.data_version) == (None, None, "18")


def test_an_interrupted_initdb_is_cleaned_up_and_redone(new_home: Path) -> None:
    folder = new_home / "postgres"
    with Worker(new_home) as worker:
        until(lambda: list(folder.glob("data.new-*/base")), "initdb is at work")
        worker.kill()
    assert not data_of(new_home).exists()
    with EmbeddedPostgres(new_home) as address:
        assert ask(address, "select 1") == 1
        assert not list(folder.glob("data.new-*"))


def test_a_bare_environment_is_enough(new_home: Path) -> None:
    bare = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": PATHS}
    with Worker(new_home, env=bare) as worker:
        assert worker.said()["server"] == server_pid(new_home)
        worker.leave()


def test_libpq_variables_of_the_surroundings_do_no_harm(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATA", "/nonexistent")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("LC_ALL", "xx_XX.nonsense")
    with EmbeddedPostgres(home) as address:
        assert ask(address, "show data_directory") == str(address.data_directory)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_server_inherits_neither_secrets_nor_the_users_lock(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "hidden-value")
    with EmbeddedPostgres(home):
        pid = server_pid(home)
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        files = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    assert b"hidden-value" not in environment
    assert not any(file.endswith(("users.lock", "start.lock")) for file in files)
    assert any(file.endswith("server.lock") for file in files)


def test_the_log_is_bounded_and_keeps_contents_out(home: Path) -> None:
    with EmbeddedPostgres(home) as address:
        log = EmbeddedPostgres(home).status().log
        with pytest.raises(Exception, match="division by zero"):
            ask(address, "select 1 / 0 as confidential_words")
        assert "division by zero" in log.read_text()
        assert "confidential_words" not in log.read_text()
        with log.open("ab") as out:
            out.write(b"x" * (2 * LOG_BYTES) + b"the end\n")
        with EmbeddedPostgres(home):
            assert log.stat().st_size < 10_000
            older = log.with_name("postgres.log.1").read_bytes()
            assert len(older) == LOG_BYTES
            assert older.endswith(b"the end\n")
