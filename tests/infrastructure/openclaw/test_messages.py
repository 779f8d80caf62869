"""What is read from one message."""

import json

import pytest

from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.calls import Usage
from infrastructure.openclaw.messages import (
    Message,
    ToolCall,
    decode_message,
    decode_messages,
    message_text,
    occurrence_discriminators,
)


def message(**fields: object) -> Message:
    return decode_message(json.dumps(fields).encode())


def result(call: str, timestamp: int | None = 7) -> Message:
    return message(role="toolResult", toolCallId=call, timestamp=timestamp)


CALL = message(role="assistant", responseId="r", timestamp=6)


def test_the_discriminator_is_the_id_of_the_role() -> None:
    ids = {"idempotencyKey": "i:user", "responseId": "r_1", "toolCallId": "call_1|x-é"}
    assert message(role="user", **ids).d == "i:user"
    assert message(role="assistant", **ids).d == "r_1"
    assert message(role="toolResult", **ids).d == "call1x"
    assert message(role="custom", **ids).d == ""
    assert message(role="user", idempotencyKey=None).d == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1795423261379", 1795423261379),
        ("1795423261379.0", 1795423261379),
        ("1795423261379.75", 1795423261379),
        ("1.795e12", 1795000000000),
        ("-0", 0),
        ("null", None),
        ("1e400", None),
        ("9" * 400, None),
        ("9" * 10_000, None),
        ("9" * 400 + ".5", None),
        ('"2026-11-23T08:42:18.062Z"', 1795423338062),
        ('"yesterday"', None),
    ],
)
def test_a_timestamp_is_milliseconds_or_unknown(written: str, read: int | None) -> None:
    assert decode_message(f'{{"role":"user","timestamp":{written}}}'.encode()).timestamp == read


def test_characters_are_those_of_texts_and_of_arguments() -> None:
    parts = [
        {"type": "text", "text": "ab"},
        {"type": "thinking", "thinking": "no"},
        {"type": "toolCall", "id": "c", "name": "read", "arguments": {"p": "é"}, "partialArgs": "{}"},
        {"type": "text", "text": "c"},
    ]
    raw = json.dumps({"role": "assistant", "content": parts}, ensure_ascii=False, separators=(",", ":")).encode()
    read = decode_message(raw)
    assert message_text(raw) == "abc"
    assert read.characters == len("abc") + len('{"p":"é"}')
    assert read.tool_calls == (ToolCall("read", "c"),)


def test_a_summary_is_the_text_of_a_message_without_content() -> None:
    raw = b'{"role":"compactionSummary","summary":"short"}'
    assert message_text(raw) == "short"
    assert decode_message(raw).characters == 5


def test_lone_surrogates_stay_in_texts_and_are_legible_in_ids() -> None:
    raw = (
        rb'{"role":"user","idempotencyKey":"k\ud800\u0000","n":1e400,'
        rb'"content":[{"type":"text","text":"a\ud800\u0000"}]}'
    )
    assert message_text(raw) == "a\ud800\x00"
    read = decode_message(raw)
    assert read.d == "k\\ud800\\u0000"
    assert read.characters == 3


def test_strange_kinds_of_what_identity_does_not_need_count_as_absent() -> None:
    raw = (
        b'{"role":"assistant","responseId":"r","toolCallId":5,"stopReason":{},"usage":"[Truncated]",'
        b'"content":["[Truncated]",{"type":"text","text":"a"},{"type":"toolCall","name":1}],"timestamp":5}'
    )
    read = decode_message(raw)
    assert (read.d, read.timestamp, read.stop_reason, read.usage, read.characters) == ("r", 5, None, None, 1)
    assert read.tool_calls == (ToolCall("", ""),)
    assert decode_message(b'{"role":"user","content":5}').characters == 0


def test_facts_of_the_message_are_read() -> None:
    read = message(role="assistant", stopReason="error", errorMessage="400", usage={"input": 1.0, "totalTokens": 2})
    assert (read.stop_reason, read.error_message) == ("error", "400")
    assert read.usage == Usage(input=1, total_tokens=2)
    assert message(role="user", runtimeContextCarrier=True).host_context
    assert not message(role="user", runtimeContextCarrier="yes").host_context
    assert message(role="toolResult", toolName="read").tool_name == "read"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("{}", "`m[1].role` is missing"),
        ('{"role":null}', "`m[1].role` is missing"),
        ('{"role":5}', "`m[1].role` should be a string, got a number"),
        ('"x"', "`m[1]` should be an object, got a string"),
        ('{"role":"user","timestamp":{}}', "`m[1].timestamp` should be a time, got an object"),
        ('{"role":"user","idempotencyKey":5}', "`m[1].idempotencyKey` should be a string, got a number"),
        ('{"role":"user","n":tru}', "not JSON: invalid character at byte 20"),
        ('{"role":"user","content":"\xff"}', "not UTF-8 at byte 26"),
        ("[" * 10_000 + "]" * 10_000, "nested deeper than 500"),
    ],
)
def test_a_bad_message_is_named_by_its_place(written: str, reason: str) -> None:
    with pytest.raises(BadLine) as refused:
        decode_messages([b'{"role":"user"}', written.encode("latin-1")], "m")
    assert refused.value.reason == reason


def test_a_numbered_id_is_another_occurrence_of_the_same_entry() -> None:
    submitted = [CALL, result("call1"), CALL, result("call12"), CALL, result("call13"), CALL, result("call1")]
    assert occurrence_discriminators(submitted)[1::2] == ["call1"] * 4


def test_an_id_that_merely_looks_numbered_keeps_its_own_entry() -> None:
    assert occurrence_discriminators([result("call1"), CALL, result("call12", 8)]) == ["call1", "r", "call12"]
    assert occurrence_discriminators([result("call1"), CALL, result("call1a2")])[2] == "call1a2"
    assert occurrence_discriminators([result("a", None), CALL, result("a2", None)])[2] == "a2"
    assert occurrence_discriminators([result(""), CALL, result("12")])[2] == "12"


def test_calls_that_ran_side_by_side_keep_their_own_entries() -> None:
    batch = [result("call1"), result("call12")]
    assert occurrence_discriminators([CALL, *batch, None, result("call13"), result("call122")]) == [
        *("r", "call1", "call12", ""),
        *("call1", "call12"),
    ]
