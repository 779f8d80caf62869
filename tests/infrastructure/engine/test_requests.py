"""What a request must look like."""

from typing import Any

import pytest

from domain.errors import WrongUsage
from infrastructure.engine.errors import BadRequest
from infrastructure.engine.requests import AssembleRequest, CommitRequest, Request, SkipRequest, read_request
from tests.infrastructure.engine.runtime import KINDS, Runtime, exchange, message

NAMED = b'"gateway":"g","engine_key":"k","session_id":"s"'


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        (AssembleRequest, b"", "not JSON"),
        (AssembleRequest, b"[]", "should be an object, got a list"),
        (AssembleRequest, b'{"gateway":"g","engine_key":"k","session_id":"s"}', "`budget` is missing"),
        (AssembleRequest, b"{" + NAMED + b',"budget":-1}', "`budget` should not be negative"),
        (AssembleRequest, b"{" + NAMED + b',"budget":"1"}', "`budget` should be an integer, got a string"),
        (AssembleRequest, b"{" + NAMED + b',"budget":1,"prompt":{}}', "`prompt` should be a string, got an object"),
        (AssembleRequest, b'{"gateway":"g","engine_key":"","session_id":"s","budget":1}', "`engine_key`"),
        (CommitRequest, b"{" + NAMED + b',"advancement_key":""}', "`advancement_key`"),
        (CommitRequest, b"{" + NAMED + b',"advancement_key":"k","messages":{}}', "`messages` should be a list"),
        (SkipRequest, b'{"gateway":"g","routing_key":"k","tick_id":"t","reason":"tired"}', "`reason`"),
        (AssembleRequest, b'{"gateway":"\xff"}', "not UTF-8 at byte"),
        (AssembleRequest, b"[" * 600 + b"]" * 600, "nested deeper"),
    ],
)
def test_a_request_that_is_none_is_refused_and_says_where(kind: type[Request], body: bytes, why: str) -> None:
    with pytest.raises(BadRequest, match=why) as refused:
        read_request(kind, body)
    assert refused.value.code == "bad-request"


def test_whole_numbers_may_be_written_as_hosts_write_them() -> None:
    assert read_request(AssembleRequest, b"{" + NAMED + b',"budget":1e3}').budget == 1_000


def test_keys_that_the_database_could_not_hold_are_made_legible() -> None:
    read = read_request(AssembleRequest, rb'{"gateway":"g","engine_key":"a\u0000\ud800","session_id":"s","budget":1}')
    assert read.engine_key == r"a\u0000\ud800"


def test_a_field_that_a_request_has_not_is_refused_by_its_name() -> None:
    """`sessionId`, or an `id` as observations have it, would be missed in silence."""
    with pytest.raises(BadRequest, match=r"`id` is no field of this request: it has at, budget, delivery_id"):
        read_request(AssembleRequest, b"{" + NAMED + b',"budget":1,"id":"d-1"}')


@pytest.mark.parametrize("what", sorted(KINDS))
@pytest.mark.parametrize("body", [b"{}", b"null", b'{"gateway":1}', b'{"gateway":"g"}', b'"open"', b"{"])
def test_no_request_of_any_kind_is_read_from_something_else(what: str, body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_request(KINDS[what], body)


SAME = message("user", "one", 1)


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([], "`messages` is empty"),
        ([{"role": "user", "content": "when?"}], r"`messages\[0\]\.timestamp` is missing"),
        ([SAME, {"role": "user", "timestamp": "soon", "content": ""}], r"`messages\[1\]\.timestamp` is missing"),
        ([SAME, {**SAME, "content": "another"}], r"`messages\[1\]` has the role, timestamp and id of `messages\[0\]`"),
        ([SAME, 7], r"`messages\[1\]` should be an object, got a number"),
        ([{"timestamp": 1}], r"`messages\[0\]\.role` is missing"),
    ],
)
def test_messages_by_which_no_entry_could_be_known_are_refused(opened: Runtime, messages: list[Any], why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        opened.ask("record", messages=messages)
    assert opened.version == 1
    assert opened.ask("record", messages=[SAME]).entries[0].entry == 1


def test_the_same_message_twice_in_a_request_is_one_entry(opened: Runtime) -> None:
    assert [one.entry for one in opened.ask("record", messages=[SAME, SAME]).entries] == [1]


def test_a_message_that_is_known_is_said_to_be(opened: Runtime) -> None:
    opened.ask("record", messages=exchange(1))
    again = opened.ask("record", messages=[*exchange(1), {**exchange(1)[0], "content": "rewritten"}])
    assert [(one.entry, one.revision) for one in again.entries] == [(1, 2)]
    assert again.again == ((1, 1), (2, 1))


@pytest.mark.parametrize(
    ("at", "gateway"), [("yesterday", "g"), ("1969-12-31T23:59:59Z", "g"), (None, "Not A Gateway")]
)
def test_a_time_or_a_gateway_that_is_none_is_refused(runtime: Runtime, at: str | None, gateway: str) -> None:
    with pytest.raises(WrongUsage):
        runtime.ask("open", at=at, gateway=gateway)


def test_a_request_may_say_when_it_happened(opened: Runtime) -> None:
    opened.ask("maintain", at="2026-01-02T03:04:05.006Z")
    (row,) = opened.ledger.versions("laptop", "agent:main:main:heartbeat-run:tick-1", [2])
    assert b'"occurred_at":1767323045006000' in row.payload
