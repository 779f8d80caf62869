"""Lines of the lifecycle format."""

import hashlib
import json

import pytest

from infrastructure.openclaw import calls
from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.lossless import MAX_WHOLE, text_of
from infrastructure.openclaw.wire import METHODS, decode_call

SESSION = {"sessionId": "s", "sessionKey": "k"}
USER = b'{"role":"user","timestamp":1}'


def line(method: str, params: object = None, **envelope: object) -> bytes:
    given = SESSION | params if isinstance(params, dict) else params
    return json.dumps({"ts": "1970-01-01T00:00:01Z", "method": method, "params": given} | envelope).encode()


def holding(method: str, params: str, rest: str = "") -> bytes:
    """Make a line from JSON text as it stands."""
    return (
        f'{{"ts":"1970-01-01T00:00:01Z","method":"{method}","params":{{"sessionId":"s","sessionKey":"k",{params}}}{rest}}}'
    ).encode()


def params_of(given: bytes) -> calls.Params:
    return decode_call(given).params


def test_a_call_names_its_time_session_and_origin() -> None:
    call = decode_call(line("maintain", {}, id="d", instance="i", engine_key="e", gateway="g", scenario=5, x=[]))
    assert (call.at, call.method, call.session_id, call.session_key) == (1_000_000, "maintain", "s", "k")
    assert (call.delivery_id, call.instance, call.engine_key, call.gateway) == ("d", "i", "e", "g")
    assert (call.error, call.result) == (None, None)


@pytest.mark.parametrize("given", [{}, {"id": None}, {"id": ""}])
def test_without_an_id_the_hash_of_the_line_is_the_delivery(given: dict[str, object]) -> None:
    content = line("dispose", **given)
    assert decode_call(content).delivery_id == hashlib.sha256(content).hexdigest()


def test_calls_without_a_session_are_read() -> None:
    for method in ("_factory", "dispose"):
        for params in ("null", "{}"):
            call = decode_call(f'{{"ts":"1970-01-01T00:00:01Z","method":"{method}","params":{params}}}'.encode())
            assert (call.session_id, call.session_key) == (None, None)
    assert decode_call(b'{"ts":"1970-01-01T00:00:01Z","method":"dispose"}').method == "dispose"


@pytest.mark.parametrize(
    ("said", "transcript"),
    [
        ({}, None),
        ({"sessionFile": "/srv/s.jsonl"}, "/srv/s.jsonl"),
        (
            {"sessionFile": "k", "sessionTarget": {"sessionId": "s", "storePath": "/srv/agent.sqlite"}},
            "/srv/agent.sqlite",
        ),
        ({"sessionFile": "k", "sessionTarget": {"sessionId": "s"}}, "k"),
        ({"sessionFile": None, "sessionTarget": {"storePath": "/srv/a\x00\ud800"}}, r"/srv/a\u0000\ud800"),
        ({"sessionFile": "", "sessionTarget": None}, None),
    ],
)
def test_a_transcript_lies_in_the_store_that_the_host_names_else_in_a_file(
    said: dict[str, object], transcript: str | None
) -> None:
    assert params_of(line("maintain", said)).transcript == transcript


def test_spawning_belongs_to_the_parent_and_ending_to_the_child() -> None:
    spawned = decode_call(line("prepareSubagentSpawn", {"parentSessionKey": "p", "childSessionKey": "c"}))
    assert spawned.session_key == "p"
    ended = decode_call(line("onSubagentEnded", {"childSessionKey": "c", "reason": "completed"}))
    assert ended.session_key == "c"


def test_an_engine_key_stands_in_for_a_session_key() -> None:
    call = decode_call(line("maintain", {"sessionKey": ""}, engine_key="e"))
    assert (call.session_key, call.engine_key) == (None, "e")


def test_what_is_delivered_depends_on_the_method() -> None:
    two = '"messages":[{"role":"user","timestamp":1}, {"role":"assistant"}]'
    last = b'{"role":"assistant"}'
    assert decode_call(holding("commitTurn", two)).delivered == (USER, last)
    assert decode_call(holding("ingestBatch", two)).delivered == (USER, last)
    assert decode_call(holding("ingest", f'"message":{USER.decode()}')).delivered == (USER,)
    assert decode_call(holding("assemble", two)).delivered == ()
    for before, delivered in ((0, (USER, last)), (1, (last,)), (2, ()), (99, ()), ("9" * 5000, ()), ("1.0", (last,))):
        assert decode_call(holding("afterTurn", f'{two},"prePromptMessageCount":{before}')).delivered == delivered


def test_answers_are_read() -> None:
    assembled = decode_call(holding("assemble", '"prompt":"p"', ',"result":{"messages":[{"role":"user","n":-0}]}'))
    assert isinstance(assembled.params, calls.Assemble)
    assert (assembled.params.prompt, assembled.params.messages) == (b'"p"', ())
    assert assembled.result == calls.Assembled(messages=(b'{"role":"user","n":-0}',))  # type: ignore[arg-type]
    result = {"ok": True, "result": {"summary": "a", "tokensBefore": 1e3, "sessionId": "t"}}
    compacted = decode_call(line("compact", {"customInstructions": "b"}, result=result))
    assert isinstance(compacted.result, calls.Compacted)
    assert compacted.result.result is not None
    assert compacted.result.result.summary == b'"a"'
    assert (compacted.result.result.tokens_before, compacted.result.result.session_id) == (1000, "t")
    committed = decode_call(line("commitTurn", {"messages": []}, result={"status": "duplicate"}))
    assert committed.result == calls.Committed("duplicate")
    assert decode_call(line("assemble", {}, result={})).result == calls.Assembled()
    assert decode_call(line("ingest", {"message": {"role": "x"}}, result=5)).result is None


@pytest.mark.parametrize(
    ("error", "text"),
    [(None, None), ("a\x00", "a\\u0000"), ({"message": "b", "code": 1}, "b"), ({"code": 1}, '{"code": 1}')],
)
def test_an_error_is_a_text_or_an_object_with_one(error: object, text: str | None) -> None:
    assert decode_call(line("maintain", {}, error=error)).error == text


def test_null_is_as_good_as_absent() -> None:
    fields = ("messages", "prompt", "tokenBudget", "model", "runtimeContext")
    assert params_of(line("assemble", dict.fromkeys(fields))) == params_of(line("assemble", {}))


def test_circumstances_are_read() -> None:
    usage = {"lastCallUsage": {"input": 8, "total": 9.0}, "observation": {"broke": False}}
    context = {"messageProvider": "heartbeat", "trigger": "overflow", "tokenBudget": 12.0, "promptCache": usage}
    held = params_of(line("compact", {"runtimeContext": context, "force": True})).runtime_context
    assert held == calls.RuntimeContext(
        message_provider="heartbeat",
        trigger="overflow",
        token_budget=12,
        prompt_cache=calls.PromptCache(calls.Usage(input=8, total=9)),
    )


STRANGE = [
    "9" * 1000,
    "9" * 10_000,
    "1e400",
    "-0",
    r'"\ud800"',
    r'"\u0000"',
    '{"a":1,"a":2}',
    r'{"\udc00":[1e400]}',
    "[" * 400 + "]" * 400,
]


@pytest.mark.parametrize("strange", STRANGE, ids=lambda text: text[:12])
def test_strange_values_come_back_as_they_were(strange: str) -> None:
    message = f'{{"role":"user" , "x":{strange}}}'
    call = decode_call(
        holding(
            "assemble",
            f'"x":{strange},"messages":[{message},{message} ],"model":"m"',
            f',"x":{strange},"result":{{"messages":[ {message}],"x":{strange},"estimatedTokens":1.0}}',
        )
    )
    assert isinstance(call.params, calls.Assemble)
    assert isinstance(call.result, calls.Assembled)
    assert call.params.messages == (message.encode(), message.encode())
    assert call.result.messages == (message.encode(),)
    assert (call.params.model, call.result.estimated_tokens) == ("m", 1)


def test_numbers_beyond_64_bits_are_the_largest_of_64_bits() -> None:
    for number in ("1e400", "9" * 1000, "9" * 10_000, "1.7976931348623157e308"):
        held = params_of(holding("assemble", f'"tokenBudget":{number}'))
        assert isinstance(held, calls.Assemble)
        assert held.token_budget == MAX_WHOLE


def test_content_keeps_what_keys_make_legible() -> None:
    call = decode_call(
        rb'{"ts":"1970-01-01T00:00:01Z","method":"assemble","id":"\ud800","engine_key":"\ufffd","params":'
        rb'{"sessionId":"\u0000","sessionKey":"k\udfff","model":"\\ud800","prompt":"\ud800\u0000",'
        rb'"runtimeContext":{"runId":"\udc00","trigger":"t"}}}'
    )
    assert isinstance(call.params, calls.Assemble)
    assert (call.delivery_id, call.engine_key) == ("\\ud800", "\ufffd")
    assert (call.session_id, call.session_key) == ("\\u0000", "k\\udfff")
    assert call.params.model == "\\\\ud800"
    assert call.params.runtime_context == calls.RuntimeContext(run_id="\\udc00", trigger="t")
    assert call.params.prompt is not None
    assert text_of(call.params.prompt) == "\ud800\x00"


def test_every_required_field_is_named_when_it_is_missing() -> None:
    required = {
        "ingest": ["message"],
        "ingestBatch": ["messages"],
        "afterTurn": ["messages", "prePromptMessageCount"],
        "commitTurn": ["messages"],
        "prepareSubagentSpawn": ["parentSessionKey", "childSessionKey"],
        "onSubagentEnded": ["childSessionKey"],
    }
    whole: dict[str, object] = {
        "message": {"role": "user"},
        "messages": [],
        "prePromptMessageCount": 0,
        "parentSessionKey": "p",
        "childSessionKey": "c",
    }
    for method in METHODS:
        decode_call(line(method, whole))
        needed = required.get(method, [])
        if method not in ("_factory", "dispose", "prepareSubagentSpawn", "onSubagentEnded"):
            needed = [*needed, "sessionId", "sessionKey"]
        for name in needed:
            for lacking in (None, "") if name.endswith(("Key", "Id")) else (None,):
                assert reason_of(line(method, whole | {name: lacking})) == f"`params.{name}` is missing"


def reason_of(content: bytes) -> str:
    with pytest.raises(BadLine) as refused:
        decode_call(content)
    assert refused.value.code == "bad-line"
    assert str(refused.value) == refused.value.reason
    return refused.value.reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not JSON: it ends too early, at byte 1"),
        (b'{"ts":"" 1}', "not JSON: expected ',' or '}' at byte 9"),
        (b'{"ts":"\xff"}', "not UTF-8 at byte 7"),
        (b'{"ts":"\xed\xa0\x80"}', "not UTF-8 at byte 7"),
        (b"[]", "the line should be an object, got a list"),
        (b"5", "the line should be an object, got a number"),
        (b'{"method":"dispose"}', "`ts` is missing"),
        (b'{"ts":5,"method":"dispose"}', "`ts` should be a string, got a number"),
        (b'{"ts":"now","method":"dispose"}', "`ts` is not an RFC 3339 time: `now`"),
        (b'{"ts":"1970-01-01T00:00:01Z"}', "`method` is missing"),
        (line("foo"), "unknown method `foo`"),
        (line("dispose", []), "`params` should be an object, got a list"),
        (line("dispose", {}, id=5), "`id` should be a string, got a number"),
        (line("dispose", {}, error=5), "`error` should be a string or an object, got a number"),
        (line("maintain", {}, result="ok"), "`result` should be an object, got a string"),
        (line("maintain", {"sessionKey": 5}), "`params.sessionKey` should be a string, got a number"),
        (line("assemble", {"messages": {}}), "`params.messages` should be a list, got an object"),
        (line("assemble", {"prompt": ["a"]}), "`params.prompt` should be a string, got a list"),
        (line("assemble", {"tokenBudget": "many"}), "`params.tokenBudget` should be an integer, got a string"),
        (line("assemble", {"tokenBudget": 1.5}), "`params.tokenBudget` should be an integer, got a fraction"),
        (line("assemble", {"messages": [{"role": "a"}, 5]}), "`params.messages[1]` should be an object, got a number"),
        (line("commitTurn", {"messages": [{"role": "a"}, {}]}), "`params.messages[1].role` is missing"),
        (line("ingest", {"message": {"role": 5}}), "`params.message.role` should be a string, got a number"),
        (line("assemble", {}, result={"messages": [{}]}), "`result.messages[0].role` is missing"),
        (
            line("commitTurn", {"messages": [], "isHeartbeat": "yes"}),
            "`params.isHeartbeat` should be true or false, got a string",
        ),
        (
            line("afterTurn", {"messages": [], "prePromptMessageCount": "1"}),
            "`params.prePromptMessageCount` should be an integer, got a string",
        ),
        (
            line("afterTurn", {"messages": [], "prePromptMessageCount": -1}),
            "`params.prePromptMessageCount` should not be negative",
        ),
        (
            line("commitTurn", {"messages": [], "admission": {"rawSeq": True}}),
            "`params.admission.rawSeq` should be an integer, got a boolean",
        ),
        (
            line("compact", {}, result={"result": {"summary": 5}}),
            "`result.result.summary` should be a string, got a number",
        ),
        (holding("assemble", '"x":' + "[" * 10_000 + "]" * 10_000), "nested deeper than 500"),
        (holding("assemble", '"x":' + '{"a":' * 10_000), "nested deeper than 500"),
    ],
    ids=lambda held: held if isinstance(held, str) else "",
)
def test_a_bad_line_says_why(content: bytes, reason: str) -> None:
    assert reason_of(content) == reason
