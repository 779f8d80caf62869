"""The command line end to end, as processes against an embedded Postgres: contracts, "Commands and their keys"."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.openclaw.sample.story import ALERT
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from tests.infrastructure.cli.running import Home, Json
from tests.infrastructure.embedded.support import PROJECT, open_folder

KEY = "agent:main:main:heartbeat"
SAMPLE = (KEY, "--gateway", "sample")
STRANGE_KEY = "agent:main:глагол-🜂"
UNREACHABLE = "postgresql://someone:swordfish@127.0.0.1:1/nowhere"

IMPORT_KEYS = {"source", "gateway", "lines", "recorded", "duplicates", "ignored", "rejected", "streams", "events"}
STREAM_KEYS = {
    *("gateway", "engine_key", "routing_key", "session_id", "kind", "phase", "events", "first_at", "last_at"),
}
EVENT_KEYS = {
    *("event_id", "cursor", "partition", "position", "gateway", "engine_key", "version", "type"),
    *("occurred_at", "recorded_at", "evidence", "data"),
}
CONTEXT_KEYS = {
    *("engine_key", "call", "tick_id", "basis", "digest", "tokens", "budget", "prompt", "entries"),
    *("committed_later", "absent"),
}
ENTRY_KEYS = {"index", "role", "revision", "tokens", "text", "origin"}
ORIGIN_KEYS = {"engine_key", "version", "session_id", "tick_id", "foreign"}
FINDING_KEYS = {
    *("code", "severity", "status", "gateway", "routing_key", "engine_key", "tick_id", "first_at", "last_at"),
    *("occurrences", "summary", "advice", "evidence", "facts"),
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    """A home with the sample under two gateways; its server runs all the while, or each command would start it."""
    made = Home(folder / "home")
    with EmbeddedPostgres(made.path):
        made.json("import", str(LIFECYCLE), "--trace", str(TRACE), "--gateway", "sample")
        made.json("import", str(LIFECYCLE), "--gateway", "other")
        yield made


@pytest.fixture(scope="module")
def every_event(home: Home) -> list[Json]:
    return home.json("events", "--gateway", "sample").answers


def line(method: str, params: dict[str, object] | str | None = None, **envelope: object) -> bytes:
    given = params if isinstance(params, str) else {"sessionId": "s", "sessionKey": "k"} | (params or {})
    return json.dumps({"ts": "2026-11-25T08:00:00Z", "method": method, "params": given} | envelope).encode()


def written(folder: Path, name: str, *lines: bytes) -> str:
    path = folder / name
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path)


def shown(given: object) -> str:
    return " ".join(given)[:60] if isinstance(given, tuple) else str(given)


# keys


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
        (("audit",), 1),
        (("audit", "--gateway", "other"), 1),
        (("doctor",), 0),
    ],
    ids=shown,
)
def test_people_get_text_and_nothing_else(home: Home, arguments: tuple[str, ...], code: int) -> None:
    assert home.inside(*arguments, code=code).text.endswith("\n")


# wrong usage, and what can't be done


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ["Usage"]),
        (("state", "agent:main:main:hartbeat", "--gateway", "sample"), [f"Did you mean {KEY}"]),
        (("context", KEY), ["--gateway", "sample", "other"]),
        (("audit", "--gateway", "smaple"), ["smaple", "sample", "other"]),
        (("events", "--after", "nonsense"), ["no cursor"]),
        (("import", "/no/such/file"), ["/no/such/file"]),
    ],
    ids=shown,
)
def test_wrong_usage_ends_with_2_and_says_what_there_is(
    home: Home, arguments: tuple[str, ...], words: list[str]
) -> None:
    ran = home.run(*arguments, code=2)
    assert ran.out == b""
    assert all(word in ran.err for word in words), ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-command",), ["no-such-command"]),
        (("state",), ["ENGINE_KEY"]),
        (("events", "agent:main:main:hartbeat"), [KEY]),
        (("context", "agent:main:main:hartbeat#3"), [KEY]),
        (("state", KEY), ["--gateway", "sample", "other"]),
        (("events", KEY), ["--gateway", "sample", "other"]),
        (("streams", "--gateway", "smaple"), ["smaple", "sample", "other"]),
        (("events", "--gateway", "smaple"), ["smaple", "sample", "other"]),
        (("context", *SAMPLE, "--call", "26"), ["26", "25"]),
        (("context", *SAMPLE, "--call", "9" * 30), ["it has 25"]),
        (("context", f"{KEY}#{'9' * 30}", "--gateway", "sample"), [KEY]),
        (("context", f"{KEY}#²", "--gateway", "sample"), [KEY]),
        (("context", f"{KEY}#4", "--call", "3", "--gateway", "sample"), ["--call"]),
        (("context", f"{KEY}#4", "--tick", "t", "--gateway", "sample"), ["--tick"]),
        (("context", *SAMPLE, "--call", "3", "--submitted", "3"), ["--submitted"]),
        (("context", *SAMPLE, "--tick", "nobody"), ["nobody"]),
        (("context", "0-999999"), ["0-999999"]),
        (("state", *SAMPLE, "--at", "soon"), ["soon"]),
        (("state", *SAMPLE, "--at", "²"), ["²"]),
        (("state", *SAMPLE, "--at", "9" * 30), ["999"]),
        (("state", *SAMPLE, "--at", "9" * 5000), ["999"]),
        (("state", *SAMPLE, "--at", "9999999999d"), ["9999999999d"]),
        (("import",), ["PATH"]),
        (("import", str(PROJECT)), [str(PROJECT)]),
        (("import", str(LIFECYCLE), "--gateway", "Not A Name"), ["Not A Name"]),
        (("import", str(LIFECYCLE), str(LIFECYCLE), "--trace", str(TRACE)), ["--trace"]),
        (("state", "\udcff"), ["UTF-8"]),
        (("context", "\udcff#1"), ["UTF-8"]),
        (("context", *SAMPLE, "--tick", "\udcff"), ["UTF-8"]),
        (("events", "--gateway", "\udcff"), ["UTF-8"]),
    ],
    ids=shown,
)
def test_every_other_wrong_usage_ends_with_2_too(home: Home, arguments: tuple[str, ...], words: list[str]) -> None:
    ran = home.inside(*arguments, code=2)
    assert ran.out == b""
    assert all(word in ran.err for word in words), ran.err


def test_a_missing_trace_is_noticed_before_anything_is_recorded(home: Home) -> None:
    home.run("import", str(LIFECYCLE), "--trace", "/no/such/trace", "--gateway", "untouched", code=2)
    assert "untouched" not in home.run("streams").text


@pytest.mark.parametrize("command", ["streams", "migrate"])
def test_a_database_that_cannot_be_reached_ends_with_3_in_one_line_without_the_password(
    home: Home, command: str
) -> None:
    ran = home.run(command, code=3, HEARTLINE_DATABASE_URL=UNREACHABLE)
    assert "HEARTLINE_DATABASE_URL" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "swordfish" not in ran.err


@pytest.mark.parametrize(
    "url", ["postgress://someone:swordfish@127.0.0.1/x", f"{UNREACHABLE}?swordfish=1", "postgresql://[::1"]
)
def test_what_is_no_address_of_a_database_is_wrong_usage_and_is_not_repeated(home: Home, url: str) -> None:
    ran = home.run("streams", code=2, HEARTLINE_DATABASE_URL=url)
    assert "HEARTLINE_DATABASE_URL" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "swordfish" not in ran.err


@pytest.mark.parametrize("url", [UNREACHABLE, "postgresql://[::1"])
def test_doctor_tells_of_a_database_that_cannot_be_reached(home: Home, url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "infrastructure.cli.main", "doctor", "--json"],
        capture_output=True,
        cwd=PROJECT,
        env=home.environment(HEARTLINE_DATABASE_URL=url),
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (3, b"")
    assert json.loads(ended.stdout)["ok"] is False
    assert b"swordfish" not in ended.stdout


# pipes


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(("command", "lines"), [("events", 1), ("streams", 0)])
def test_a_reader_that_leaves_is_no_error(home: Home, command: str, lines: int, unbuffered: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "infrastructure.cli.main", command, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
        env=home.environment(PYTHONUNBUFFERED=unbuffered),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(lines):
            assert json.loads(process.stdout.readline())
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(60), said) == (0, b"")


def test_json_is_utf_8_wherever_it_goes(home: Home) -> None:
    given = line("maintain", {"sessionKey": STRANGE_KEY})
    home.json("import", "-", "--gateway", "unicode", stdin=given)
    ran = home.json("streams", "--gateway", "unicode", PYTHONIOENCODING="ascii")
    assert ran.answer["engine_key"] == STRANGE_KEY
    assert home.json("state", STRANGE_KEY).answer["engine_key"] == STRANGE_KEY


def test_standard_input_is_imported_and_known_again(home: Home, folder: Path) -> None:
    given = line("bootstrap", {"sessionId": "piped", "sessionKey": "agent:main:piped"})
    first = home.json("import", "-", stdin=given).answer
    assert (first["source"], first["recorded"]) == ("-", 1)
    assert first["gateway"].startswith("stdin-")
    for again in (
        home.json("import", "-", stdin=given).answer,
        home.json("import", written(folder, "piped.ndjson", given)).answer,
    ):
        assert (again["duplicates"], again["recorded"], again["events"]) == (1, 0, 0)
        assert again["gateway"] == first["gateway"]
    nothing = home.json("import", "-", stdin=b"").answer
    assert (nothing["lines"], nothing["rejected"]) == (0, [])


def test_importing_again_finds_duplicates_only(home: Home) -> None:
    answer = home.json("import", str(LIFECYCLE), "--trace", str(TRACE), "--gateway", "sample").answer
    for counts in (answer, answer["trace"]):
        assert counts["recorded"] == counts["events"] == counts["streams"] == 0
        assert counts["duplicates"] + counts["ignored"] == counts["lines"]
        assert counts["duplicates"] > 0


# cursors


def test_following_cursors_gives_every_event_once(home: Home) -> None:
    every = home.json("events").answers
    followed: list[Json] = []
    after: tuple[str, ...] = ()
    while page := home.json("events", "--limit", "250", *after).answers:
        followed += page
        after = ("--after", page[-1]["cursor"])
    assert [event["event_id"] for event in followed] == [event["event_id"] for event in every]
    assert len({event["event_id"] for event in followed}) == len(followed)
    given = line("maintain", {"sessionId": "later", "sessionKey": "agent:main:later"})
    new = home.json("import", "-", "--gateway", "later", stdin=given).answer
    added = home.json("events", *after).answers
    assert len(added) == new["events"] > 0
    assert {event["gateway"] for event in added} == {"later"}


def test_cursors_go_on_within_one_engine_and_one_type(home: Home) -> None:
    only = (*SAMPLE, "--type", "ContextAssembled")
    every = home.inside("events", *only, "--json").answers
    rest = home.inside("events", *only, "--after", every[9]["cursor"], "--json").answers
    assert len(every) == 25
    assert [event["event_id"] for event in rest] == [event["event_id"] for event in every[10:]]


def test_a_cursor_of_another_ledger_or_history_is_refused(home: Home, folder: Path, every_event: list[Json]) -> None:
    other = Home(folder / "other")
    with EmbeddedPostgres(other.path):
        other.json("import", "-", stdin=line("maintain"))
        cursor = other.json("events", "--limit", "1").answer["cursor"]
    assert "another ledger" in home.run("events", "--after", cursor, code=2).err

    def changed(place: int, value: object) -> str:
        fields: list[Any] = json.loads(base64.urlsafe_b64decode(every_event[-1]["cursor"] + "==="))
        fields[place] = value
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode()

    assert "another history" in home.run("events", "--after", changed(2, "0" * 16), code=2).err
    assert "ahead of the log" in home.run("events", "--after", changed(1, [10**9] * 16), code=2).err


# the past


def test_the_state_can_be_asked_for_at_a_version(home: Home) -> None:
    assert home.inside("state", *SAMPLE, "--at", "0", "--json").answer["phase"] == "fresh"
    for version in (1, 40):
        assert home.inside("state", *SAMPLE, "--at", str(version), "--json").answer["version"] == version
    now = home.inside("state", *SAMPLE, "--json").answer
    assert home.inside("state", *SAMPLE, "--at", "9" * 18, "--json").answer == now


def test_at_a_time_the_state_is_that_before_the_first_later_event(home: Home, every_event: list[Json]) -> None:
    own = [event for event in every_event if event["engine_key"] == KEY]
    moment = own[30]["occurred_at"]
    before = next(event["version"] for event in own if event["occurred_at"] > moment) - 1
    assert home.inside("state", *SAMPLE, "--at", moment, "--json").answer["version"] == before
    assert home.inside("state", *SAMPLE, "--at", "2026-11-23", "--json").answer["phase"] == "fresh"
    assert home.inside("state", *SAMPLE, "--at", "99999d", "--json").answer["phase"] == "fresh"


def test_a_context_can_be_named_in_every_way(home: Home, every_event: list[Json]) -> None:
    assembled = [event for event in every_event if event["type"] == "ContextAssembled" and event["engine_key"] == KEY]
    submitted = [event for event in every_event if event["type"] == "PromptSubmitted" and event["engine_key"] == KEY]
    fourth = home.inside("context", f"{KEY}#4", "--gateway", "sample", "--json").answer
    assert (fourth["call"], len(fourth["entries"])) == (4, 4)
    assert home.inside("context", *SAMPLE, "--call", "4", "--json").answer == fourth
    assert home.inside("context", assembled[3]["event_id"], "--json").answer == fourth
    seventh = home.inside("context", *SAMPLE, "--submitted", "7", "--json").answer
    assert (seventh["basis"], len(seventh["entries"])) == ("submitted", 14)
    assert home.inside("context", submitted[6]["event_id"], "--json").answer == seventh
    last = home.inside("context", *SAMPLE, "--json").answer
    assert last["event_id"] == assembled[-1]["event_id"]
    of_tick = home.inside("context", *SAMPLE, "--tick", fourth["tick_id"], "--json").answer
    assert (of_tick["call"], of_tick["tick_id"]) == (6, fourth["tick_id"])


def test_a_context_shows_what_a_tick_was_told_by_another_one(home: Home) -> None:
    answer = home.inside("context", *SAMPLE, "--submitted", "7", "--json").answer
    (alert,) = [entry for entry in answer["entries"] if entry["text"] == ALERT]
    assert alert["origin"]["foreign"] is True
    assert alert["origin"]["tick_id"] not in (None, answer["tick_id"])
    assert [entry["origin"]["foreign"] for entry in answer["entries"]] == [True] * 12 + [False] * 2


def test_each_attempt_of_a_run_has_the_prompt_that_was_submitted_in_it(home: Home) -> None:
    for number, begin in (("7", "Heartbeat: read disks.txt"), ("8", "Heartbeat:"), ("9", "Continue the current task")):
        answer = home.inside("context", *SAMPLE, "--submitted", number, "--json").answer
        assert answer["prompt"].startswith(begin)
        assert answer["entries"][-2]["origin"]["foreign"] is False


# what is refused, and what is kept as it is

DEEP = 10_000

BAD_LINES = (
    ("not JSON", b"{not json", "not JSON"),
    ("cut off", line("maintain")[:-9], "not JSON"),
    ("not UTF-8", line("maintain").replace(b'"k"', b'"\xff"'), "not UTF-8"),
    ("a list", b"[]", "should be an object"),
    ("null", b"null", "should be an object"),
    ("no method", line("maintain").replace(b'"method"', b'"way"'), "`method` is missing"),
    ("unknown method", line("reticulate"), "unknown method `reticulate`"),
    ("no time", line("maintain").replace(b'"ts"', b'"time"'), "`ts` is missing"),
    ("bad time", line("maintain", ts="yesterday"), "`ts` is not an RFC 3339 time"),
    ("number as time", line("maintain", ts=5), "`ts` should be a string"),
    ("no session id", line("maintain", {"sessionId": None}), "`params.sessionId` is missing"),
    ("no session key", line("maintain", {"sessionKey": ""}), "`params.sessionKey` is missing"),
    ("number as session id", line("maintain", {"sessionId": 5}), "`params.sessionId` should be a string"),
    ("text as params", line("maintain", "params"), "`params` should be an object"),
    ("no messages", line("commitTurn", {}), "`params.messages` is missing"),
    ("text as messages", line("commitTurn", {"messages": "hi"}), "`params.messages` should be a list"),
    ("text as message", line("commitTurn", {"messages": ["hi"]}), "`params.messages[0]`"),
    ("no role", line("commitTurn", {"messages": [{"content": "hi"}]}), "`params.messages[0].role` is missing"),
    ("text as budget", line("assemble", {"tokenBudget": "9"}), "`params.tokenBudget` should be an integer"),
    ("negative count", line("afterTurn", {"messages": [], "prePromptMessageCount": -1}), "negative"),
    ("no child", line("onSubagentEnded", {}), "`params.childSessionKey` is missing"),
    ("bad gateway", line("maintain", gateway="Not A Name"), "gateway"),
    ("deep lists", line("maintain", {"x": 0}).replace(b"0}", b"[" * DEEP + b"]" * DEEP + b"}"), "nested deeper"),
    ("deep objects", line("maintain", {"x": 0}).replace(b"0}", b'{"a":' * DEEP + b"0" + b"}" * DEEP + b"}"), "nested"),
    ("deep and cut off", b'{"params":' + b"[" * DEEP, "nested deeper"),
    ("other content", line("maintain", {"sessionKey": "another"}, id="good 0"), "delivery-conflict"),
)


def test_each_bad_line_is_rejected_by_its_number_and_every_good_one_between_is_recorded(
    home: Home, folder: Path
) -> None:
    good = [line("maintain", {"sessionId": f"good {number}"}, id=f"good {number}") for number in range(len(BAD_LINES))]
    path = written(
        folder,
        "bad.ndjson",
        *(one for pair in zip(good, (bad for _, bad, _ in BAD_LINES), strict=True) for one in pair),
    )
    answer = home.json("import", path, "--gateway", "bad").answer
    assert answer["lines"] == 2 * len(BAD_LINES)
    assert (answer["recorded"], answer["duplicates"], answer["ignored"]) == (len(good), 0, 0)
    reasons = {one["line"]: one["reason"] for one in answer["rejected"]}
    assert all(one["source"] == path for one in answer["rejected"])
    assert list(reasons) == [2 * number for number in range(1, len(BAD_LINES) + 1)]
    for (what, _bad, words), reason in zip(BAD_LINES, reasons.values(), strict=True):
        assert words in reason, (what, reason)
        assert len(reason) < 300
    events = home.json("events", "k", "--gateway", "bad", "--type", "MaintenanceRecorded").answers
    assert [event["data"]["session_id"] for event in events] == [f"good {number}" for number in range(len(good))]


def test_people_are_told_of_rejected_lines_beside_the_answer(home: Home, folder: Path) -> None:
    path = written(folder, "few.ndjson", b"{", line("maintain"))
    ended = subprocess.run(
        [sys.executable, "-m", "infrastructure.cli.main", "import", path, "--gateway", "few"],
        capture_output=True,
        cwd=PROJECT,
        env=home.environment(),
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0
    assert b"1 recorded" in ended.stdout
    assert b"1 rejected" in ended.stdout
    assert f"{path}:1: not JSON".encode() in ended.stderr


STRANGE = {
    "a NUL": (rb'{"role":"user","timestamp":1,"content":"a\u0000b"}', "a\0b"),
    "lone surrogates": (rb'{"role":"user","timestamp":2,"content":"\ud800 \udc00\udbff"}', "\ud800 \udc00\udbff"),
    "a pair": (rb'{"role":"user","timestamp":3,"content":"\ud83d\ude00"}', "\U0001f600"),
    "an escaped escape": (rb'{"role":"user","timestamp":4,"content":"\\ud800 \\u0000"}', r"\ud800 \u0000"),
    "a huge integer": (b'{"role":"user","timestamp":5,"n":-%s,"content":"n"}' % (b"7" * 400), "n"),
    "a huge float": (b'{"role":"user","timestamp":6,"n":[1e400,-1E+400],"content":"n"}', "n"),
    "minus zero": (b'{"role":"user","timestamp":7,"n":[-0,-0.0,0e0],"content":"n"}', "n"),
    "equal keys": (b'{"role":"user","timestamp":8,"content":"first","content":"second"}', "second"),
    "spaces": (b'{ "role" : "user",\t"timestamp":9, "content" : "\xc3\xa9\\u00e9" }', "éé"),
    "a huge whole float": (b'{"role":"user","timestamp":10,"n":1.0e2,"content":""}', ""),
}


def test_strange_content_comes_back_as_it_was(home: Home) -> None:
    messages = b", ".join(raw for raw, _text in STRANGE.values())
    session = b'"sessionId":"s","sessionKey":"agent:main:strange"'
    envelope = b'{"ts":"2026-11-25T08:00:00Z","method":"%s","params":{%s%s}%s}'
    given = [
        envelope % (b"commitTurn", session, b',"messages":[%s]' % messages, b""),
        envelope % (b"assemble", session, b',"prompt":"p\\ud800"', b',"result":{"messages":[%s]}' % messages),
    ]
    answer = home.json("import", "-", "--gateway", "strange", stdin=b"\n".join(given)).answer
    assert (answer["recorded"], answer["rejected"]) == (2, [])
    ran = home.json("context", "agent:main:strange")
    shown = ran.answer
    assert shown["prompt"] == "p\ud800"
    assert [entry["text"] for entry in shown["entries"]] == [text for _raw, text in STRANGE.values()]
    for raw, _text in STRANGE.values():
        assert b'"message":' + raw + b"," in ran.out
    assert all(one.isprintable() for one in home.run("context", "agent:main:strange").text.splitlines())
    for event in home.json("events", "agent:main:strange").answers:
        assert event["gateway"] == "strange"
