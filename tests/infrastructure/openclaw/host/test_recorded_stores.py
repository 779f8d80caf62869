"""What the stores of the real host say agrees with what the same host told its engine while it wrote them."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from infrastructure.openclaw.calls import CommitTurn
from infrastructure.openclaw.host.records import Problem, SessionWindow, TranscriptCompaction, TranscriptMessage
from infrastructure.openclaw.host.store.store import Store
from infrastructure.openclaw.lines import read_lines
from infrastructure.openclaw.messages import decode_message, message_text
from infrastructure.openclaw.wire import decode_call
from tests.shared import RECORDINGS, needs_recordings

pytestmark = needs_recordings

FOLDERS = sorted(folder for folder in RECORDINGS.glob("latest-*") if folder.is_dir())
Identity = tuple[str | None, str, int | None, str]


def identity(session: str | None, raw: bytes) -> Identity:
    message = decode_message(raw)
    return session, message.role, message.timestamp, message.d


def delivered(folder: Path) -> list[Identity]:
    """Give the messages that the engine was told of, each with the session of the call."""
    found: list[Identity] = []
    with (folder / "lifecycle.ndjson").open("rb") as stream:
        for line in read_lines(stream):
            call = decode_call(line.content or b"")
            if isinstance(call.params, CommitTurn):
                found += [identity(call.session_id, raw) for raw in call.params.messages]
    return found


def stored(store: Store) -> list[TranscriptMessage]:
    found: list[TranscriptMessage] = []
    for session in store.marks().sessions:
        for record in store.transcript(session):
            assert not isinstance(record, Problem)
            if isinstance(record, TranscriptMessage):
                found.append(record)
    return found


def never_delivered(messages: list[TranscriptMessage]) -> set[Identity]:
    """Give what the host keeps to itself: `/compact` with its answer, and the turns that failed."""
    kept: set[Identity] = set()
    for asked, answered in pairwise(messages):
        reply = decode_message(answered.raw)
        failed = reply.role == "assistant" and reply.stop_reason == "error"
        if decode_message(asked.raw).role == "user" and (failed or message_text(asked.raw).startswith("/compact")):
            kept |= {identity(asked.session_id, asked.raw), identity(answered.session_id, answered.raw)}
    return kept


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_store_has_exactly_the_messages_that_were_delivered_and_those_that_never_are(folder: Path) -> None:
    with Store.open(folder / "openclaw-agent.sqlite") as store:
        messages = stored(store)
    identities = [identity(message.session_id, message.raw) for message in messages]
    kept = never_delivered(messages)
    assert len(kept) == (4 if folder.name == "latest-main-delegate" else 0)
    assert sorted(map(repr, identities)) == sorted(map(repr, [*delivered(folder), *kept]))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_store_is_whole_and_all_its_sessions_are_windows(folder: Path) -> None:
    with Store.open(folder / "openclaw-agent.sqlite") as store:
        assert (store.schema_version, store.agent, store.app_version) == (23, "main", "2026.9.6")
        assert [*store.problems(), *store.damage(), *store.marks().problems] == []
        windows = [window for window in store.windows() if isinstance(window, SessionWindow)]
        assert {window.session_id for window in windows} == set(store.marks().sessions)
        keys = {window.session_key for window in windows}
        assert len([window for window in windows if window.current]) == len(keys)
        assert {window.base for window in windows if (window.session_key or "").endswith(":heartbeat")} <= {
            "agent:main:main"
        }
        called = {session for session, *_ in delivered(folder)}
        assert called <= {window.session_id for window in windows}


def test_the_compaction_of_the_recording_is_told() -> None:
    with Store.open(RECORDINGS / "latest-main-delegate" / "openclaw-agent.sqlite") as store:
        (session,) = store.marks().sessions
        (found,) = [record for record in store.transcript(session) if isinstance(record, TranscriptCompaction)]
    assert (found.tokens_before, found.place.number) == (31505, 32)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_all_trajectory_events_are_given_as_they_are(folder: Path) -> None:
    with Store.open(folder / "openclaw-agent.sqlite") as store:
        for session, mark in store.marks().sessions.items():
            found = list(store.trajectory(session))
            assert len(found) == mark.trajectory + 1
            for event in found:
                assert not isinstance(event, Problem)
                assert json.loads(event[1])["sessionId"] == session


def test_the_stores_are_different_ones() -> None:
    identities = set[bytes]()
    for folder in FOLDERS:
        with Store.open(folder / "openclaw-agent.sqlite") as store:
            identities.add(store.identity)
    assert len(identities) == len(FOLDERS)
