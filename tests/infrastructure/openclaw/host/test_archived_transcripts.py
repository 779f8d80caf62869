import hashlib
from pathlib import Path

import pytest
import zstandard

from infrastructure.openclaw.host.records import (
    Problem,
    SessionWindow,
    TranscriptMessage,
)
from infrastructure.openclaw.host.store.store import Store
from tests.infrastructure.openclaw.host.stores import (
    AT,
    HEARTBEAT,
    Host,
    cold,
    message,
    numbers,
    put_away,
    reasons,
    records,
)


@pytest.mark.parametrize("storage", ["file", "sqlite"])
def test_a_transcript_that_was_moved_into_an_archive_says_the_same_as_before(path: Path, storage: str) -> None:
    events = [message(seq, 'quoted "text" ünïcode') for seq in range(3)]
    with Host(path) as host:
        host.session("a")
        for seq, event in enumerate(events):
            host.event("a", seq, event)
        host.in_use("a", 2, 0, 2)
        before = records(path, "a")
        put_away(host, cold(events, [0, 2]), storage)
    assert numbers(before) == [0, 1, 2]
    assert records(path, "a") == before
    assert records(path, "a", 1) == before[2:]
    with Store.open(path) as store:
        assert store.marks().sessions["a"].transcript == 2


def test_a_broken_archive_is_a_problem_that_names_it_and_what_can_be_read_is_told(path: Path) -> None:
    archive = cold([message(seq) for seq in range(3)], [])
    with Host(path) as host:
        file = put_away(host, archive, "file")
    file.write_bytes(archive[:-9])
    found = records(path, "a")
    assert next(one.path for one in found if isinstance(one, Problem)) == str(file)
    assert "another digest" in reasons(found)[0]
    file.unlink()
    assert "No such file" in reasons(records(path, "a"))[0]


def test_transcripts_of_deleted_sessions_that_the_store_holds_are_told(path: Path) -> None:
    text = b"\n".join(message(seq) for seq in range(2))
    with Host(path) as host:
        for name, encoding, blob in (("x.jsonl", "identity", text), ("y.jsonl.zst", "zstd", zstandard.compress(text))):
            digest = hashlib.sha256(blob).hexdigest()
            row = (name, "g", HEARTBEAT, "deleted", encoding, blob, digest, name, AT)
            host.run("insert into session_transcript_archives values (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
    with Store.open(path) as store:
        found = list(store.archived())
        assert [type(one) for one in found] == [SessionWindow, TranscriptMessage, TranscriptMessage] * 2
        assert [type(one) for one in store.archived(frozenset({"x.jsonl"}))] == [
            SessionWindow,
            TranscriptMessage,
            TranscriptMessage,
        ]
