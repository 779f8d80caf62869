"""Lines of the cache trace."""

import json

import pytest

from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.shapes import Text
from infrastructure.openclaw.trace import Position, decode_stage, replaced


def line(**fields: object) -> bytes:
    given = {"stage": "stream:context", "ts": "2026-11-23T08:42:18.062Z", "sessionId": "s", "sessionKey": "k"}
    return json.dumps(given | fields, separators=(",", ":")).encode()


def test_each_counted_message_has_a_position_whatever_the_host_cut() -> None:
    whole = {"role": "user", "content": "a"}
    partly = {"role": "assistant", "content": ["[Truncated]"]}
    quoted = {"role": "user", "content": '"[Truncated]"'}
    redacted = {"role": "user", "content": "[Malformed diagnostic JSON redacted]"}
    stage = decode_stage(
        line(
            messageCount=6,
            messageRoles=["user", "assistant", "user", "user", "tool"],
            messageFingerprints=["1", "2", "3", "4", "5", "6"],
            messages=[whole, partly, quoted, redacted, "[Truncated]"],
        )
    )

    def raw(held: object) -> bytes:
        return json.dumps(held, separators=(",", ":")).encode()

    assert stage.positions == (
        Position("user", "1", raw(whole), truncated=False, redacted=False),
        Position("assistant", "2", raw(partly), truncated=True, redacted=False),
        Position("user", "3", raw(quoted), truncated=False, redacted=False),
        Position("user", "4", raw(redacted), truncated=False, redacted=True),
        Position("tool", "5", None, truncated=True, redacted=False),
        Position(None, "6", None, truncated=True, redacted=False),
    )


def test_a_whole_list_may_be_cut_away() -> None:
    stage = decode_stage(line(messageCount=1, messages="[Truncated]", messageRoles="[Truncated]", prompt={}))
    assert stage.positions == (Position(None, None, None, truncated=True, redacted=False),)
    assert stage.prompt is None


def test_messages_with_lone_surrogates_keep_their_bytes() -> None:
    held = rb'[{"role":"user","content":"\ud800"}, {"role":"user","n":-0}]'
    given = line(messages="X").replace(b'"X"', held)
    assert [position.raw for position in decode_stage(given).positions] == [held[1:35], held[37:-1]]


def test_only_the_prompt_and_the_submission_are_read_in_full() -> None:
    held = {"messages": [{"role": "user"}], "prompt": "p", "system": "s"}
    for stage in ("stream:context", "prompt:before"):
        read = decode_stage(line(stage=stage, **held))
        assert (len(read.positions), read.prompt, read.system) == (1, b'"p"', b'"s"')
    read = decode_stage(line(stage="session:after", seq=3, messageCount=1, **held))
    assert (read.positions, read.prompt, read.system, read.seq) == ((), None, None, 3)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ts": None}, "`ts` is missing"),
        ({"ts": "now"}, "`ts` is not an RFC 3339 time: `now`"),
        ({"stage": 5}, "`stage` should be a string, got a number"),
        ({"sessionId": ""}, "`sessionId` is missing"),
        ({"sessionKey": None}, "`sessionKey` is missing"),
        ({"messageCount": -1}, "`messageCount` should not be negative"),
        ({"messageCount": 10**30}, "`messageCount` is 9223372036854775807, more than 1000000"),
    ],
)
def test_a_bad_trace_line_says_why(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(BadLine) as refused:
        decode_stage(line(**fields))
    assert refused.value.reason == reason


@pytest.mark.parametrize("written", ["[Truncated]", "<redacted>", "[Malformed diagnostic JSON redacted]"])
def test_a_text_in_whose_place_the_host_wrote_something_else_is_replaced(written: str) -> None:
    assert replaced(Text(json.dumps(written).encode()))
    assert not replaced(Text(json.dumps(f"The key is {written}.").encode()))
