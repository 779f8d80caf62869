"""The answers of each command have the keys of the contracts ("Commands and their keys")."""

import pytest

from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from tests.infrastructure.cli.running import Home, Json
from tests.infrastructure.cli.sample import (
    CONTEXT_KEYS,
    ENTRY_KEYS,
    EVENT_KEYS,
    FINDING_KEYS,
    IMPORT_KEYS,
    KEY,
    ORIGIN_KEYS,
    SAMPLE,
    STREAM_KEYS,
    shown,
)


def test_import_says_what_became_of_every_line_of_recording_and_trace(home: Home) -> None:
    answer = home.json("import", str(LIFECYCLE), "--trace", str(TRACE), "--gateway", "counted").answer
    assert set(answer) == IMPORT_KEYS | {"trace"}
    assert set(answer["trace"]) == IMPORT_KEYS
    for counts, path in ((answer, LIFECYCLE), (answer["trace"], TRACE)):
        assert counts["source"] == str(path)
        assert counts["gateway"] == "counted"
        assert counts["lines"] == len(path.read_bytes().splitlines())
        assert counts["lines"] == counts["recorded"] + counts["duplicates"] + counts["ignored"]
        assert counts["recorded"] > 0
        assert counts["rejected"] == []
        assert counts["streams"] == 2


def test_streams_are_listed_one_an_engine_key(home: Home) -> None:
    answers = home.json("streams", "--gateway", "sample").answers
    assert all(set(answer) >= STREAM_KEYS for answer in answers)
    assert {answer["engine_key"]: answer["kind"] for answer in answers} == {KEY: "heartbeat", "agent:main:main": "main"}


def test_events_say_where_they_stand_and_what_happened(every_event: list[Json]) -> None:
    assert all(set(answer) >= EVENT_KEYS for answer in every_event)
    for answer in every_event:
        assert answer["event_id"] == f"{answer['partition']}-{answer['position']}"
    assert {"TickDispatched", "ContextAssembled", "PromptSubmitted", "OverflowReported", "TurnCommitted"} <= {
        answer["type"] for answer in every_event
    }


def test_the_state_says_what_the_engine_came_to(home: Home) -> None:
    answer = home.json("state", *SAMPLE).answer
    assert (answer["gateway"], answer["engine_key"], answer["phase"]) == ("sample", KEY, "idle")
    assert (answer["ticks"], answer["overflows"], answer["compactions"]) == (7, 2, 2)


@pytest.mark.parametrize("options", [(), ("--submitted", "7")], ids=["assembled", "submitted"])
def test_a_context_holds_its_entries_with_their_origins(home: Home, options: tuple[str, ...]) -> None:
    answer = home.json("context", *SAMPLE, *options).answer
    assert set(answer) >= CONTEXT_KEYS
    assert (answer["call"] is None) == (answer["basis"] == "submitted")
    for entry in answer["entries"]:
        assert set(entry) >= ENTRY_KEYS
        assert set(entry["origin"]) >= ORIGIN_KEYS


def test_a_summary_stands_beside_the_entries_that_it_replaced(home: Home) -> None:
    answer = home.json("summary", *SAMPLE, "1").answer
    assert set(answer) == {
        *("compaction", "compactions", "summary", "replaced", "replaced_tokens", "tokens_basis", "absent"),
    }
    assert (answer["compaction"]["number"], answer["compactions"]) == (1, 2)
    assert len(answer["replaced"]) == answer["compaction"]["replaced_entries"] > 0
    entry = answer["replaced"][0]
    assert set(entry) >= {"index", "role", "entry", "revision", "tokens", "text"}
    found = home.json("summary", *SAMPLE, "--entry", str(entry["entry"])).answers
    assert found == [answer["compaction"]]


def test_a_summary_is_told_to_people_before_what_it_replaced_with_the_sizes_of_both(home: Home) -> None:
    answer = home.json("summary", *SAMPLE, "1").answer
    text = home.inside("summary", *SAMPLE, "1").text
    sizes = f"{len(answer['replaced'])} entries, {answer['replaced_tokens']:,} tokens"
    assert f"{sizes} → {answer['summary']['tokens']} tokens" in text
    assert text.index(answer["summary"]["text"].splitlines()[0]) < text.index("\nreplaced:\n")


def test_tokens_say_what_each_context_holds_by_source(home: Home) -> None:
    for answer in home.json("tokens", "--gateway", "sample").answers:
        held = sum(answer[source] for source in ("history", "summary", "this_turn"))
        if answer["basis"] == "submitted":
            assert answer["tokens"] == held + (answer["system"] or 0) + (answer["tools"] or 0)
        else:
            assert answer["unattributed"] == max(answer["tokens"] - held, 0)
        assert (answer["call"] is None) == (answer["basis"] == "submitted") == (answer["share"] is None)


def test_findings_name_the_contexts_and_the_ticks_that_their_entries_came_from(home: Home) -> None:
    found = {one["code"]: one for one in home.json("audit", "--gateway", "sample", code=1).answers}
    assert {"key-shared-across-ticks", "replayed-entries"} <= set(found)
    assert all(set(one) >= FINDING_KEYS for one in found.values())
    contexts = found["replayed-entries"]["facts"]["contexts"]
    assert all(set(one) >= {"engine_key", "call", "tick_id", "replayed", "from"} for one in contexts)
    assert all(set(source) >= {"tick_id", "entries"} for one in contexts for source in one["from"])
    events = {answer["event_id"] for answer in home.json("events", "--gateway", "sample").answers}
    assert all(set(one["evidence"]) <= events for one in found.values())


def test_doctor_and_migrate_answer_with_one_object(home: Home) -> None:
    answer = home.json("doctor").answer
    assert answer["ok"] is True
    assert all(set(check) == {"name", "ok", "detail"} for check in answer["checks"])
    assert set(home.json("migrate").answer) >= {"ledger_id", "partitions", "schema"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        (("streams",), 0),
        (("events", *SAMPLE, "--limit", "3"), 0),
        (("state", *SAMPLE), 0),
        (("context", *SAMPLE), 0),
        (("summary", *SAMPLE), 0),
        (("summary", *SAMPLE, "--entry", "1"), 0),
        (("compactions",), 0),
        (("tokens", "--limit", "1000"), 0),
        (("audit",), 1),
        (("audit", "--gateway", "other"), 1),
        (("doctor",), 0),
    ],
    ids=shown,
)
def test_people_get_text_and_nothing_else(home: Home, arguments: tuple[str, ...], code: int) -> None:
    assert home.inside(*arguments, code=code).text.endswith("\n")
