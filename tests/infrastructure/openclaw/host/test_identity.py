"""By what an installation is known again."""

import json
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from infrastructure.openclaw.gateways import source_of
from infrastructure.openclaw.host.identity import DEVICE, identities, identity
from infrastructure.openclaw.host.layout import recognise
from infrastructure.openclaw.lines import read_lines
from tests.shared import RECORDINGS, needs_recordings


def ask(path: Path, query: str) -> Sequence[Sequence[object]]:
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return []


def device_file(root: Path, **held: object) -> None:
    (root / "identity").mkdir(parents=True)
    (root / "identity" / "device.json").write_text(json.dumps({"version": 1, "privateKeyPem": "SECRET", **held}))


def shared_database(root: Path, device: object) -> None:
    (root / "state").mkdir(parents=True)
    connection = sqlite3.connect(root / "state" / "openclaw.sqlite")
    connection.execute("CREATE TABLE device_identities (identity_key, device_id, private_key_pem)")
    connection.execute(
        "INSERT INTO device_identities VALUES ('primary', ?, 'SECRET'), ('node', 'other', '')", (device,)
    )
    connection.commit()
    connection.close()


def sessions(root: Path, **begun: str) -> None:
    folder = root / "agents" / "main" / "sessions"
    folder.mkdir(parents=True, exist_ok=True)
    for name, at in begun.items():
        header = {"type": "session", "version": 3, "id": name, "timestamp": at}
        (folder / f"{name}.jsonl").write_text(json.dumps(header) + "\n")


def store(root: Path, **begun: int) -> None:
    folder = root / "agents" / "main" / "agent"
    folder.mkdir(parents=True)
    connection = sqlite3.connect(folder / "openclaw-agent.sqlite")
    connection.execute("CREATE TABLE session_windows (session_id, created_at)")
    connection.executemany("INSERT INTO session_windows VALUES (?, ?)", begun.items())
    connection.commit()
    connection.close()


def test_the_device_id_is_the_same_before_and_after_the_hosts_migration(tmp_path: Path) -> None:
    device_file(tmp_path / "may", deviceId="d1")
    sessions(tmp_path / "may", a="2026-01-01T00:00:00Z")
    shared_database(tmp_path / "now", "d1")
    store(tmp_path / "now", b=1)
    may, now = (identity(recognise(tmp_path / name), ask) for name in ("may", "now"))
    assert may == now
    assert may is not None
    assert len(may) == 32


def test_the_oldest_session_is_the_same_before_and_after_too(tmp_path: Path) -> None:
    sessions(tmp_path / "may", b="2026-01-02T00:00:00Z", a="2026-01-01T00:00:00Z", odd="soon")
    store(tmp_path / "now", b=1_767_312_000_000, a=1_767_225_600_001)
    may, now = (identity(recognise(tmp_path / name), ask) for name in ("may", "now"))
    assert may == now
    sessions(tmp_path / "may", c="2026-01-03T00:00:00Z")
    assert identity(recognise(tmp_path / "may"), ask) == may


def test_archives_count_as_the_sessions_that_they_were(tmp_path: Path) -> None:
    sessions(tmp_path, a="2026-01-01T00:00:00Z", b="2026-01-02T00:00:00Z")
    before = identity(recognise(tmp_path), ask)
    folder = tmp_path / "agents" / "main" / "sessions"
    (folder / "a.jsonl").rename(folder / "a.jsonl.reset.2026-02-23T12-34-56.000Z")
    assert identity(recognise(tmp_path), ask) == before


def test_what_is_broken_tells_nothing(tmp_path: Path) -> None:
    device_file(tmp_path, deviceId=5)
    shared_database(tmp_path, None)
    assert identity(recognise(tmp_path), ask) is None
    (tmp_path / "identity" / "device.json").write_bytes(b"\xff")
    (tmp_path / "state" / "openclaw.sqlite").write_bytes(b"x")
    assert identities(recognise(tmp_path), ask) == ()
    assert "private" not in DEVICE


@needs_recordings
def test_a_recording_is_also_known_as_it_is_where_it_is_imported() -> None:
    for recording in RECORDINGS.glob("*-*"):
        with (recording / "lifecycle.ndjson").open("rb") as stream:
            first = next(line.content for line in read_lines(stream) if source_of(line.content))
        found = identities(recognise(recording), ask)
        assert len(found) == 2
        assert found[1] == sha256(first or b"").digest()
