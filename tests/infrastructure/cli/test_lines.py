"""Bad lines are rejected by their numbers; strange content comes back as it was."""

import subprocess
import sys
from pathlib import Path

from tests.infrastructure.cli.running import Home
from tests.infrastructure.cli.sample import line, written
from tests.infrastructure.embedded.support import PROJECT

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
