"""Every line of the recordings beside the project is read, and nothing of it is lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.openclaw.calls import Assemble, Assembled
from infrastructure.openclaw.lines import read_lines
from infrastructure.openclaw.messages import Message, decode_message, decode_messages, occurrence_discriminators
from infrastructure.openclaw.trace import SUBMITTED, decode_stage
from infrastructure.openclaw.wire import decode_call

RECORDINGS = Path(__file__).parents[4] / "shared" / "data" / "openclaw"

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not beside the project")


def recorded(name: str) -> Iterator[bytes]:
    for path in sorted(RECORDINGS.glob(f"*/{name}")):
        with path.open("rb") as stream:
            for line in read_lines(stream):
                assert line.content is not None
                yield line.content


def values(raws: tuple[bytes, ...]) -> list[object]:
    return [json.loads(raw) for raw in raws]


def test_every_call_is_read() -> None:
    for line in recorded("lifecycle.ndjson"):
        call = decode_call(line)
        whole = json.loads(line)
        assert call.method == whole["method"]
        assert call.session_id == whole["params"].get("sessionId")
        messages = getattr(call.params, "messages", ())
        assert values(messages) == whole["params"].get("messages", [])
        for raw in messages:
            assert raw in line
        if isinstance(call.result, Assembled):
            assert isinstance(call.params, Assemble)
            assert call.result.messages is not None
            assert values(call.result.messages) == whole["result"]["messages"]
        for read in decode_messages(call.delivered):
            assert read.timestamp is not None


def test_every_delivered_entry_with_a_discriminator_is_unique() -> None:
    for path in sorted(RECORDINGS.glob("*/lifecycle.ndjson")):
        with path.open("rb") as stream:
            calls = [decode_call(line.content or b"") for line in read_lines(stream)]
        contents: dict[tuple[str, int | None, str], int] = {}
        for call in calls:
            for read in decode_messages(call.delivered):
                if read.d:
                    known = contents.setdefault((read.role, read.timestamp, read.d), read.characters)
                    assert known == read.characters


def test_every_stage_is_read_and_its_positions_have_the_recorded_roles() -> None:
    known: set[str] = set()
    numbered = 0
    for line in recorded("cache-trace.jsonl"):
        stage = decode_stage(line)
        whole = json.loads(line)
        if stage.stage != SUBMITTED:
            continue
        assert [position.role for position in stage.positions] == whole["messageRoles"]
        assert [position.fingerprint for position in stage.positions] == whole["messageFingerprints"]
        messages: list[Message | None] = [
            None if position.raw is None else decode_message(position.raw) for position in stage.positions
        ]
        assert all(
            held is None or held.role == role for held, role in zip(messages, whole["messageRoles"], strict=True)
        )
        given = occurrence_discriminators(messages)
        known.update(d for d, held in zip(given, messages, strict=True) if held and held.role == "toolResult")
        numbered += sum(held is not None and held.d != d for held, d in zip(messages, given, strict=True))
    assert numbered > 0
    assert all(len(d) <= len("call20") for d in known)
