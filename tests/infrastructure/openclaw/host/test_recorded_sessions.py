"""The sessions, transcripts and trajectories of the recordings: what files say and what live calls said agree."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.openclaw.host.may.sessions import SessionFolder
from infrastructure.openclaw.host.may.transcript_files import TranscriptFile
from infrastructure.openclaw.host.records import Place, Problem, Record, Run, TranscriptMessage
from infrastructure.openclaw.host.store.store import Store
from infrastructure.openclaw.host.trajectories import Runs
from infrastructure.openclaw.lines import read_lines
from infrastructure.openclaw.messages import decode_message, message_text
from infrastructure.openclaw.wire import decode_call
from tests.shared import RECORDINGS, needs_recordings

pytestmark = needs_recordings

MAY = sorted(path.name for path in RECORDINGS.glob("may-*"))
LATEST = sorted(path.name for path in RECORDINGS.glob("latest-*"))
SECOND = 1_000
"""ms: a `custom` entry has another timestamp where it was delivered."""

Identity = tuple[str, str, int | None, str]


def identity(session_id: str | None, raw: bytes) -> Identity:
    message = decode_message(raw)
    return session_id or "", message.role, message.timestamp, message.d


def delivered(name: str) -> list[tuple[str, bytes]]:
    with (RECORDINGS / name / "lifecycle.ndjson").open("rb") as stream:
        calls = [decode_call(line.content or b"") for line in read_lines(stream)]
    return [(call.session_id or "", raw) for call in calls for raw in call.delivered]


def transcripts(name: str) -> Iterator[Record]:
    for held in SessionFolder(RECORDINGS / name / "sessions").files.values():
        for one in held:
            if one.file.kind == "transcript":
                yield from TranscriptFile(one.path).records()


def messages(name: str) -> list[TranscriptMessage]:
    return [record for record in transcripts(name) if isinstance(record, TranscriptMessage)]


@pytest.mark.parametrize("name", MAY)
def test_every_line_is_told_and_all_of_it_is_on_the_branch(name: str) -> None:
    records = list(transcripts(name))
    assert not [record for record in records if isinstance(record, Problem)]
    assert all(record.active for record in records if isinstance(record, TranscriptMessage))


@pytest.mark.parametrize("name", MAY)
def test_transcripts_hold_what_was_delivered_and_what_only_the_host_knows(name: str) -> None:
    live = Counter(identity(session_id, raw) for session_id, raw in delivered(name))
    told = Counter(identity(one.session_id, one.raw) for one in messages(name))
    texts = {identity(one.session_id, one.raw): message_text(one.raw) for one in messages(name)}
    for missing in (one for one in live - told if one[1] != "custom"):
        # an announcement of a subagent is delivered to an engine, and kept in no transcript
        (text,) = {message_text(raw) for session_id, raw in delivered(name) if identity(session_id, raw) == missing}
        assert text.startswith("[Inter-session message]")
    more = sorted((one for one in told - live if one[1] != "custom"), key=str)
    notices = [one for one in more if "Compacted (" in texts[one]]
    assert len(notices) <= 1
    if name == "may-main-delegate":
        # two turns that overflowed were not delivered: each has its prompt and its reply
        assert Counter(one[1] for one in more if one not in notices) == Counter({"user": 2, "assistant": 2})
    else:
        assert more == notices


@pytest.mark.parametrize("name", MAY)
def test_custom_messages_are_those_that_were_delivered_but_for_their_time(name: str) -> None:
    kept = [one for one in messages(name) if identity("", one.raw)[1] == "custom"]
    for session_id, raw in delivered(name):
        live = json.loads(raw)
        if live["role"] != "custom":
            continue
        same = [one for one in kept if one.session_id == session_id and message_text(one.raw) == message_text(raw)]
        nearest = min(same, key=lambda one: abs(json.loads(one.raw)["timestamp"] - live["timestamp"]))
        told = json.loads(nearest.raw)
        assert abs(told["timestamp"] - live["timestamp"]) < SECOND
        assert nearest.raw == raw.replace(
            b'"timestamp":%d}' % live["timestamp"], b'"timestamp":%d}' % told["timestamp"]
        )


@pytest.mark.parametrize("name", MAY)
def test_checkpoints_hold_entries_of_their_transcript(name: str) -> None:
    for session_id, held in SessionFolder(RECORDINGS / name / "sessions").files.items():
        sets = []
        for one in held:
            records = TranscriptFile(one.path).records()
            told = [record for record in records if isinstance(record, TranscriptMessage)]
            assert {record.session_id for record in told} == {session_id}
            sets.append({(record.entry_id, record.raw) for record in told})
        assert all(one <= sets[-1] for one in sets)


@pytest.mark.parametrize("name", MAY)
def test_every_session_has_the_key_that_the_calls_named(name: str) -> None:
    with (RECORDINGS / name / "lifecycle.ndjson").open("rb") as stream:
        calls = [decode_call(line.content or b"") for line in read_lines(stream)]
    live = {call.session_id: call.session_key for call in calls if call.session_id and call.session_key}
    told = {}
    for window in SessionFolder(RECORDINGS / name / "sessions").windows():
        assert not isinstance(window, Problem)
        told[window.session_id] = window.session_key
    assert told == live


def runs(name: str) -> Iterator[Run | Problem]:
    path: Path = RECORDINGS / name / "openclaw-agent.sqlite"
    store = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    rows = store.execute("select session_id, seq, event_json from trajectory_runtime_events order by session_id, seq")
    together = Runs()
    for session_id, seq, event in rows:
        yield from together.take(Place(str(path), session_id, seq), event.encode())
    store.close()
    yield from together.rest()


@pytest.mark.parametrize("name", LATEST)
def test_every_run_is_told_with_what_was_billed(name: str) -> None:
    told = list(runs(name))
    assert told
    for run in told:
        assert isinstance(run, Run)
        assert (run.version, run.engine, run.model) == ("2026.9.6", "ceprobe", "fake-model")
        assert run.prompt is not None
        assert run.trigger == ("heartbeat" if run.session_key == "agent:main:main:heartbeat" else run.trigger)
        assert run.ended_at is not None
        assert run.usage is not None or run.status == "error"
        assert set(run.missing) <= {"context.compiled.systemPrompt"}
    assert sum(run.usage.output or 0 for run in told if isinstance(run, Run) and run.usage) == _billed(name)


def _billed(name: str) -> int:
    """Sum the output tokens of the replies that the store's transcripts keep."""
    with Store.open(RECORDINGS / name / "openclaw-agent.sqlite") as store:
        kept = [one for session in store.marks().sessions for one in store.transcript(session)]
    replies = [decode_message(one.raw) for one in kept if isinstance(one, TranscriptMessage)]
    return sum(one.usage.output or 0 for one in replies if one.usage is not None)


def test_a_run_that_overflowed_is_two_attempts() -> None:
    attempts = [(run.run_id, run.attempt, run.status) for run in runs("latest-iso-loop") if isinstance(run, Run)]
    again = [one for one in attempts if one[1] == 2]
    assert len(again) == 2
    assert {(run_id, 1, "error") for run_id, _, _ in again} <= set(attempts)
