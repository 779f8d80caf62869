"""Stores as the current release makes them: the tables that are read, with the same keys, kinds and checks."""

import hashlib
import json
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

import zstandard

from infrastructure.openclaw.host.records import Problem, Record, TranscriptMessage
from infrastructure.openclaw.host.store.store import Store

SCHEMA = """
create table schema_meta (
    meta_key text not null primary key, role text not null, schema_version integer not null, agent_id text,
    app_version text, created_at integer not null, updated_at integer not null
) strict;
create table session_nodes (
    session_key text not null primary key, current_session_id text not null, entry_json text not null,
    parent_session_key text, spawned_by text, fork_source_session_id text
) strict;
create table session_windows (
    session_id text not null primary key, session_key text not null, previous_session_id text, reason text,
    created_at integer not null, updated_at integer not null, started_at integer, ended_at integer, status text,
    parent_session_key text, spawned_by text
) strict;
create table transcript_events (
    session_id text not null, seq integer not null, event_json text, created_at integer not null, event_zstd blob,
    event_utf8_bytes integer, navigation_json text, primary key (session_id, seq),
    check (navigation_json is null or octet_length(navigation_json) <= 16384)
) strict;
create table transcript_rewrite_watermarks (
    session_id text not null primary key, generation text not null, updated_at integer not null
) strict;
create table session_transcript_index_state (
    session_id text not null primary key, indexed_seq integer not null, needs_rebuild integer not null default 0
) strict;
create table session_transcript_active_events (
    session_id text not null, active_position integer not null, event_seq integer not null,
    primary key (session_id, active_position)
) strict;
create unique index active_event_seq on session_transcript_active_events (session_id, event_seq);
create table trajectory_runtime_events (
    session_id text not null, seq integer not null, run_id text, event_json text not null,
    created_at integer not null, primary key (session_id, seq)
) strict;
create table heartbeat_outcomes (
    session_key text not null primary key, run_session_key text not null, outcome text not null, summary text not null,
    wake_source text, wake_reason text, occurred_at integer not null
) strict;
create table context_engine_turn_outbox (
    advancement_key text not null primary key, engine_id text not null, session_id text not null,
    payload_json text not null, attempt_count integer not null default 0, last_error text, created_at integer not null
) strict;
create table session_transcript_cold_archives (
    session_id text not null primary key, generation text not null, archive_name text not null unique,
    archive_sha256 text not null, event_count integer not null, last_seq integer not null, storage text not null,
    archive_blob blob
) strict;
create table session_transcript_archives (
    session_id text not null, generation text not null, session_key text not null, reason text not null,
    encoding text not null, archive_blob blob not null, archive_sha256 text not null,
    archive_name text not null unique, created_at integer not null, primary key (session_id, generation)
) strict;
"""
AT = 1_795_423_000_000
"""When the sessions below begin, in ms."""

HEARTBEAT = "agent:main:main:heartbeat"


def octet_length(value: str | bytes | None) -> int | None:
    if value is None:
        return None
    return len(value if isinstance(value, bytes) else value.encode())


def message(number: int, text: str = "hello", role: str = "user", **members: object) -> bytes:
    """Make an event: a message that was written down `number` ms after the beginning."""
    said = {"role": role, "content": text, "timestamp": AT + number, "idempotencyKey": f"m{number}", **members}
    event = {"type": "message", "id": f"e{number}", "parentId": None, "timestamp": stamp(number), "message": said}
    return json.dumps(event, ensure_ascii=False).encode()


def stamp(number: int) -> str:
    return f"2026-11-23T08:36:{40 + number // 1000:02}.{number % 1000:03}Z"


class Host:
    """A host that writes a store; as in life in a write-ahead log, unless told otherwise."""

    def __init__(self, path: Path, *, journal: str = "wal", schema: str = SCHEMA, version: int | None = 23) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.create_function("octet_length", 1, octet_length, deterministic=True)
        self.connection.execute(f"pragma journal_mode = {journal}")
        self.connection.execute("pragma wal_autocheckpoint = 0")
        if not self.run("select 1 from sqlite_master limit 1"):
            self.connection.executescript(schema)
            if version is not None:
                meta = ("primary", "agent", version, "main", "2026.9.6", AT, AT)
                self.run("insert into schema_meta values (?, ?, ?, ?, ?, ?, ?)", *meta)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def run(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        return self.connection.execute(statement, parameters).fetchall()

    def session(
        self, session: str, key: str = HEARTBEAT, *, reason: str | None = None, after: str | None = None
    ) -> None:
        """Begin a session, to which its key points from now on."""
        window = (session, key, after, reason, AT, AT + 5, AT + 1, AT + 4, "done", None, None)
        self.run("insert into session_windows values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *window)
        entry = {
            "sessionId": session,
            "heartbeatIsolatedBaseSessionKey": "agent:main:main",
            "lastRunId": f"run-{session}",
            "inputTokens": 7,
            "compactionCount": 1,
        }
        self.run(
            "insert into session_nodes values (?, ?, ?, null, null, null) on conflict (session_key)"
            " do update set current_session_id = excluded.current_session_id, entry_json = excluded.entry_json",
            key,
            session,
            json.dumps(entry),
        )
        self.run("insert into transcript_rewrite_watermarks values (?, 'first', ?)", session, AT)

    def event(self, session: str, seq: int, event: bytes | None = None, *, compressed: bool = False) -> None:
        text = message(seq) if event is None else event
        self.run(
            "insert into transcript_events values (?, ?, ?, ?, ?, ?, ?)",
            session,
            seq,
            None if compressed else text.decode(),
            AT + seq,
            zstandard.compress(text) if compressed else None,
            len(text),
            "{}" if compressed else None,
        )

    def run_event(self, session: str, seq: int, event: bytes) -> None:
        row = (session, seq, "r", event.decode(), AT)
        self.run("insert into trajectory_runtime_events values (?, ?, ?, ?, ?)", *row)

    def in_use(self, session: str, indexed: int, *numbers: int) -> None:
        """Say up to which event the branch in use was worked out, and which events are on it."""
        self.run("insert into session_transcript_index_state values (?, ?, 0)", session, indexed)
        for position, seq in enumerate(numbers):
            self.run("insert into session_transcript_active_events values (?, ?, ?)", session, position, seq)


def records(path: Path, session: str, after: int = -1) -> list[Record]:
    with Store.open(path) as store:
        return list(store.transcript(session, after))


def numbers(found: list[Record]) -> list[int | None]:
    return [one.place.number if isinstance(one, TranscriptMessage) else None for one in found]


def reasons(found: list[Record] | list[Problem]) -> list[str]:
    return [one.reason for one in found if isinstance(one, Problem)]


def cold(events: list[bytes], active: list[int]) -> bytes:
    """Write the archive into which a transcript is moved."""
    lines: list[object] = [{"kind": "header", "version": 1, "sessionId": "a", "generation": "g"}]
    lines += [
        {"kind": "event", "row": {"seq": seq, "event_json": event.decode(), "created_at": AT}}
        for seq, event in enumerate(events)
    ]
    lines += [{"kind": "active", "row": {"active_position": at, "event_seq": seq}} for at, seq in enumerate(active)]
    return zstandard.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def put_away(host: Host, archive: bytes, storage: str, count: int = 3) -> Path:
    """Note an archive that holds a session's transcript, in the store or as a file."""
    digest = hashlib.sha256(archive).hexdigest()
    name = f"{digest}.jsonl.zst"
    blob = archive if storage == "sqlite" else None
    row = ("a", "g", name, digest, count, count - 1, storage, blob)
    host.run("insert into session_transcript_cold_archives values (?, ?, ?, ?, ?, ?, ?, ?)", *row)
    host.run("delete from transcript_events")
    file = host.path.parent / "cold" / name
    if storage == "file":
        file.parent.mkdir()
        file.write_bytes(archive)
    return file


def write_broken_index(path: Path) -> None:
    """Write a store of 21 events to some of which its index does not lead."""
    with Host(path, journal="delete") as host:
        host.session("a")
        for seq in range(20):
            host.event("a", seq)
        host.run("pragma writable_schema = on")
        host.run(
            "update sqlite_master set sql = replace(sql, 'primary key (session_id, seq)', 'unique (seq, session_id)')"
            " where name = 'transcript_events'"
        )
    with Host(path, journal="delete") as host:  # it takes the index for one that is sorted by seq
        host.event("a", 20)
        host.run("pragma writable_schema = on")
        host.run("update sqlite_master set sql = ? where name = 'transcript_events'", _create("transcript_events"))


def _create(table: str) -> str:
    start = SCHEMA.index(f"create table {table}")
    return SCHEMA[start : SCHEMA.index(";", start)]
