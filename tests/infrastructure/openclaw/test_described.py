"""What is recorded beside a message of the host."""

import json

import pytest

from domain.entries import Billed
from infrastructure.openclaw.described import SUMMARY_FORM
from infrastructure.openclaw.facts import describe
from infrastructure.recorder.contents import Described

CALLING = [
    {"type": "text", "text": "I look."},
    {"type": "toolCall", "id": "call_1", "name": "read", "arguments": {}},
    {"type": "toolCall", "id": "call_2", "name": "exec", "arguments": {}},
    {"type": "toolCall", "id": "call_3", "name": "read", "arguments": {}},
    {"type": "toolCall", "id": "call_4", "arguments": {}},
]
USAGE = {"input": 12, "output": 3, "cacheRead": 900, "cacheWrite": 40, "totalTokens": 955}


def described(role: str, **fields: object) -> Described:
    return describe(0, json.dumps({"role": role, "timestamp": 1, **fields}).encode())


def test_the_tools_of_a_reply_are_those_that_it_calls_in_order() -> None:
    assert described("assistant", content=CALLING).tools == ("read", "exec", "read")
    assert described("assistant", content="HEARTBEAT_OK").tools == ()


def test_the_tool_of_a_result_is_the_one_that_gave_it() -> None:
    assert described("toolResult", toolName="read", toolCallId="call_1").tools == ("read",)
    assert described("toolResult", toolCallId="call_1").tools == ()
    assert described("user", toolName="read").tools == ()


def test_the_name_of_a_tool_is_legible() -> None:
    raw = rb'{"role":"toolResult","toolName":"re\u0000d\ud800"}'
    assert describe(0, raw).tools == (r"re\u0000d\ud800",)


def test_what_was_billed_is_what_the_provider_counted() -> None:
    assert described("assistant", usage=USAGE).billed == Billed(input=12, output=3, cache_read=900, cache_write=40)
    assert described("assistant", usage={"output": 3}).billed == Billed(output=3)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        "free",
        {"input": "some"},
        {"input": -5},
        {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 0},
    ],
    ids=["null", "empty", "a word", "no number", "negative", "zeroed after a compaction"],
)
def test_a_usage_that_counts_nothing_is_none(usage: object) -> None:
    assert described("assistant", usage=usage).billed is None
    assert described("assistant").billed is None


def test_only_the_models_messages_were_billed() -> None:
    assert described("user", usage=USAGE).billed is None


def test_the_form_in_which_the_host_tells_a_model_a_summary_is_known() -> None:
    told = SUMMARY_FORM + "We read the log.\n</summary>"
    assert described("user", content=told).summary
    assert described("user", content=[{"type": "text", "text": told}]).summary
    assert not described("assistant", content=told).summary
    assert not described("user", content="What is this? " + told).summary
    assert not described("user", content="The summary").summary
