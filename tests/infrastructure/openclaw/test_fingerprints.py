"""The host's fingerprints, computed: of what it showed whole, and of what it cut away."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from infrastructure.openclaw.fingerprints import as_submitted, fingerprint_of, fingerprints_of, shown_whole
from infrastructure.openclaw.forms import MOST_FORMS
from infrastructure.openclaw.lossless import elements, members, text_of
from infrastructure.openclaw.trace import SUBMITTED
from tests.infrastructure.openclaw.host.mutations import mutated
from tests.shared import RECORDINGS, needs_recordings

MARKS = (b"[Truncated]", b"<redacted>", b"diagnostic JSON redacted]")


def raw(**held: object) -> bytes:
    return json.dumps(held).encode()


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def stages(recording: Path) -> Iterator[dict[str, bytes]]:
    for line in (recording / "cache-trace.jsonl").read_bytes().splitlines():
        yield members(line)


def positions(stage: dict[str, bytes]) -> Iterator[tuple[bytes, str]]:
    shown = elements(stage.get("messages", b"[]"))
    for index, fingerprint in enumerate(elements(stage.get("messageFingerprints", b"[]"))):
        yield shown[index] if index < len(shown) else b"", text_of(fingerprint)


@needs_recordings
def test_the_fingerprint_of_every_message_that_was_shown_whole_is_the_hosts() -> None:
    seen: Counter[str] = Counter()
    for recording in RECORDINGS.glob("*-*"):
        for stage in stages(recording):
            for shown, fingerprint in positions(stage):
                if not shown.startswith(b"{"):
                    seen["cut away"] += 1
                elif any(mark in shown for mark in MARKS):
                    seen["altered"] += 1
                    assert not shown_whole(shown, fingerprint)
                elif text_of(stage["stage"]) == SUBMITTED:
                    seen["submitted"] += 1
                    assert fingerprint_of(shown) == fingerprint
                elif shown_whole(shown, fingerprint):
                    seen["whole"] += 1
                else:
                    seen["undefined"] += 1  # a tool's own result: it has members that JSON does not show
                    assert (stage["stage"], b"sessions_spawn" in shown) == (b'"session:after"', True)
    assert seen == {"submitted": 902, "whole": 2908, "altered": 27, "cut away": 71, "undefined": 1}


@needs_recordings
def test_the_digest_of_a_list_is_that_of_its_fingerprints() -> None:
    for recording in RECORDINGS.glob("*-*"):
        for stage in stages(recording):
            if "messagesDigest" in stage:
                listed = "|".join(fingerprint for _, fingerprint in positions(stage))
                assert text_of(stage["messagesDigest"]) == digest(f'"{listed}"')


def kept(recording: Path) -> Iterator[bytes]:
    """Give the messages that the host keeps of a recording."""
    for path in (recording / "sessions").glob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            yield members(line).get("message", b"")
    store = recording / "openclaw-agent.sqlite"
    if store.exists():
        connection = sqlite3.connect(f"{store.as_uri()}?immutable=1", uri=True)
        for plain, packed in connection.execute("SELECT event_json, event_zstd FROM transcript_events"):
            event = plain.encode() if plain else zstandard.ZstdDecompressor().decompressobj().decompress(packed)
            yield members(event).get("message", b"")
        connection.close()


@needs_recordings
@pytest.mark.parametrize("recording", sorted(path.name for path in RECORDINGS.glob("*-*")))
def test_every_reply_and_result_that_was_submitted_is_one_that_is_kept(recording: str) -> None:
    known = {fingerprint for message in kept(RECORDINGS / recording) for fingerprint in fingerprints_of(message)}
    for stage in stages(RECORDINGS / recording):
        if text_of(stage["stage"]) == SUBMITTED:
            for role, (shown, fingerprint) in zip(elements(stage["messageRoles"]), positions(stage), strict=True):
                assert role == b'"user"' or fingerprint in known, shown


def test_a_message_that_the_host_altered_without_a_mark_is_not_shown_whole() -> None:
    told = raw(role="assistant", content=[{"type": "toolCall", "arguments": {"token": "t", "path": "p"}}])
    shown = raw(role="assistant", content=[{"type": "toolCall", "arguments": {"path": "p"}}])
    assert shown_whole(told, fingerprint_of(told))
    assert not shown_whole(shown, fingerprint_of(told))
    assert shown_whole(shown, None)


def test_details_that_are_undefined_are_in_the_fingerprint_alone() -> None:
    shown = raw(role="toolResult", toolCallId="c")
    assert shown_whole(shown, digest('{"details":undefined,"role":"toolResult","toolCallId":"c"}'))
    assert fingerprint_of(shown) == digest('{"role":"toolResult","toolCallId":"c"}')


def test_lone_surrogates_are_escapes_or_left_out() -> None:
    message = rb'{"role":"custom","a\ud800":"b\udc00\ud83d\ude00"}'
    escaped = digest('{"a\\ud800":"b\\udc00\U0001f600","role":"custom"}')
    assert fingerprint_of(message) == escaped
    assert fingerprints_of(message) == (escaped, digest('{"a":"b\U0001f600","role":"custom"}'))


@pytest.mark.parametrize(
    ("stored", "submitted"),
    [
        (
            {"role": "assistant", "__openclaw": {"runId": "r"}, "content": [{"type": "toolCall", "id": "call_2|x"}]},
            {"role": "assistant", "content": [{"type": "toolCall", "id": "call2x"}]},
        ),
        (
            {"role": "assistant", "usage": {"input": 3, "cost": {"total": 0.5}, "kind": "k", "free": False}},
            {"role": "assistant", "usage": {"input": 0, "cost": {"total": 0}, "kind": "k", "free": False}},
        ),
        (
            {"role": "toolResult", "toolCallId": "call_2", "details": {"a": 1}},
            {"role": "toolResult", "toolCallId": "call22"},
        ),
        (
            {"role": "user", "content": "hi", "timestamp": 1795423076690},
            {"role": "user", "content": "[Mon 2026-11-23 08:37 UTC] hi", "timestamp": 1795423076690},
        ),
        (
            {"role": "user", "content": "hi", "timestamp": 1795423076690},
            {"role": "user", "content": "[Mon 2026-11-23 14:07 GMT+5:30] hi", "timestamp": 1795423076690},
        ),
        (
            {"role": "user", "content": [{"type": "text", "text": "[Mon 2026-11-23 08:37 UTC] hi"}, {"type": "image"}]},
            {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image"}]},
        ),
        ({"role": "user", "content": "hi"}, {"role": "user", "content": [{"type": "text", "text": "hi"}]}),
        ({"role": "user", "content": [{"type": "text", "text": "hi"}]}, {"role": "user", "content": "hi"}),
    ],
)
def test_a_kept_message_is_known_in_the_form_in_which_it_is_submitted(
    stored: dict[str, object], submitted: dict[str, object]
) -> None:
    zones = (UTC, timezone(timedelta(hours=5, minutes=30)))
    assert fingerprint_of(raw(**submitted)) in fingerprints_of(raw(**stored), zones)
    assert fingerprints_of(raw(**stored), zones)[0] == fingerprint_of(raw(**stored))
    found = as_submitted(raw(**stored), fingerprint_of(raw(**submitted)) or "", zones)
    assert json.loads(found or b"null") == submitted


def test_a_message_that_was_submitted_as_it_is_kept_is_its_own_bytes() -> None:
    message = b'{"role": "toolResult", "n": 1e2, "t": "\\ud800"}'
    assert as_submitted(message, fingerprint_of(message) or "") is message
    undefined = digest('{"details":undefined,"n":100,"role":"toolResult","t":"\\ud800"}')
    assert as_submitted(message, undefined) is message
    assert as_submitted(message, "other") is None
    assert as_submitted(b"[]", "other") is None
    noted = b'{"role":"custom","__openclaw":1,"t":"\\ud800\xc3\xa9"}'
    assert (
        as_submitted(noted, digest('{"role":"custom","t":"\\ud800\u00e9"}'))
        == b'{"role":"custom","t":"\\ud800\xc3\xa9"}'
    )


@pytest.mark.parametrize(
    "message",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"a":' + b"[" * 600 + b"]" * 600 + b"}", b'"[Truncated]"', b"{}{}"],
)
def test_what_is_no_message_has_no_fingerprint(message: bytes) -> None:
    assert fingerprint_of(message) is None
    assert fingerprints_of(message) == ()
    assert not shown_whole(message, "f")


@pytest.mark.parametrize(
    "held",
    [
        {"role": "user", "content": 5, "timestamp": 10**30},
        {"role": "user", "content": [[]], "timestamp": -(2**52)},
        {"role": "user", "content": [], "timestamp": True},
        {"role": "user", "content": [{"type": "text"}], "timestamp": "x"},
        {"role": "assistant", "content": "x", "usage": [1]},
        {"role": "assistant", "content": [None, {"type": "toolCall", "id": 5}], "usage": None},
        {"role": "toolResult", "toolCallId": None, "details": None, "__openclaw": 1},
        {"role": ["user"]},
    ],
)
def test_odd_messages_have_forms_too_and_not_too_many(held: dict[str, object]) -> None:
    zones = [timezone(timedelta(hours=hour)) for hour in range(-12, 13)] * 10
    assert 1 <= len(fingerprints_of(raw(**held), zones)) <= MOST_FORMS


@pytest.mark.crash
def test_broken_messages_never_raise() -> None:
    stored = {
        "role": "user",
        "content": [{"type": "text", "text": "[Mon 2026-11-23 08:37 UTC] h\u00e9"}],
        "timestamp": 1,
    }
    called = {"role": "assistant", "content": [{"type": "toolCall", "id": "c_1"}], "usage": {"cost": {"input": 0.25}}}
    for given in (raw(**stored), raw(**called)):
        for _, message in mutated(given, "fingerprints"):
            own = fingerprint_of(message)
            assert (own is None) == (fingerprints_of(message) == ())
            assert own is None or shown_whole(message, own)
            assert own is None or as_submitted(message, own) is message
