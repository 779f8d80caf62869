"""Fall-backs in a gateway's log."""

import json
from pathlib import Path

import pytest

from infrastructure.openclaw.host.gateway_log import MOST_REASON, read_gateway_log
from infrastructure.openclaw.host.records import FellBack, Problem
from infrastructure.openclaw.host.rotated_files import Marks
from tests.infrastructure.openclaw.host.mutations import mutated

TURN = (
    '[context-engine] Context engine "heartline" degraded to "legacy" for this logical turn: current-turn transcript '
    'fencing is not declared. The "legacy" engine will handle only this turn; configuration is unchanged, and '
    '"heartline" will be retried next turn.'
)
QUARANTINED = (
    '[context-engine] Context engine "lossless-claw" owner=plugin:lossless-claw failed during bootstrap: ENOENT: no '
    "such file, stat 'agent:main:main'; quarantining it for this process and falling back to default engine \"legacy\"."
)
MISSING = '[context-engine] Context engine "hl" is not registered; falling back to default engine "legacy".'
THREW = (
    '[context-engine] Context engine "hl" factory threw during resolution: no "database"; at all; falling back to '
    'default engine "legacy".'
)
AT = 1_795_421_520_250_000


def logged(said: str, **more: object) -> str:
    meta = {"logLevelName": "WARN", "date": "2026-11-23T08:12:00.249Z"}
    return json.dumps({"0": said, "_meta": meta, "time": "2026-11-23T09:12:00.250+01:00", **more})


def read(path: Path, *lines: str, marks: Marks | None = None) -> list[FellBack | Problem]:
    path.write_text("".join(f"{line}\n" for line in lines))
    return list(read_gateway_log(path, marks or Marks()))


@pytest.mark.parametrize(
    ("message", "engine", "reason", "lasting"),
    [
        (TURN, "heartline", "current-turn transcript fencing is not declared", False),
        (
            QUARANTINED,
            "lossless-claw",
            "failed during bootstrap: ENOENT: no such file, stat 'agent:main:main'",
            True,
        ),
        (MISSING, "hl", "is not registered", False),
        (THREW, "hl", 'factory threw during resolution: no "database"; at all', False),
    ],
)
@pytest.mark.parametrize("form", ["console", "subsystem", "structured", "text", "coloured"])
def test_a_fall_back_is_read_in_every_form_of_the_log(
    tmp_path: Path, message: str, engine: str, reason: str, lasting: bool, form: str
) -> None:
    line = {
        "console": logged(message),
        "subsystem": logged('{"subsystem":"agent/embedded"}', **{"1": message}),
        "structured": logged("x", message=message, hostname="h"),
        "text": f"2026-11-23T08:12:00.250Z {message}",
        "coloured": f"\x1b[33m2026-11-23 09:12:00.250+0100\x1b[0m {message}",
    }[form]
    found = read(tmp_path / "g.log", logged("ready"), "not json", line, logged("done"))
    assert [type(one) for one in found] == [FellBack]
    fell = found[0]
    assert isinstance(fell, FellBack)
    assert (fell.engine, fell.reason, fell.lasting) == (engine, reason, lasting)
    assert fell.place.number == 3
    assert fell.at == AT
    assert fell.session_id is None


def test_the_session_is_told_where_the_line_names_it(tmp_path: Path) -> None:
    found = read(tmp_path / "g.log", logged("x", **{"1": MISSING, "2": {"sessionId": "s", "sessionKey": "a:\ud800"}}))
    assert isinstance(found[0], FellBack)
    assert (found[0].session_id, found[0].session_key) == ("s", "a:\\ud800")


def test_a_line_without_a_time_or_with_a_wrong_one_has_none(tmp_path: Path) -> None:
    found = read(tmp_path / "g.log", MISSING, json.dumps({"0": MISSING, "time": "soon", "_meta": {"date": 5}}))
    assert [one.at for one in found if isinstance(one, FellBack)] == [None, None]


def test_words_that_are_not_known_are_told(tmp_path: Path) -> None:
    found = read(tmp_path / "g.log", "Context engine fell; falling back to default engine")
    assert [one.reason for one in found if isinstance(one, Problem)] == [
        "tells of another engine, in words that are not known"
    ]


def test_a_long_reason_is_cut_and_a_hostile_one_read_in_no_time(tmp_path: Path) -> None:
    long = MISSING.replace("is not registered", "factory threw during resolution: " + "; quarantining" * 50_000)
    hostile = 'Context engine "' * 20_000 + "falling back to default engine"
    found = read(tmp_path / "g.log", long, hostile)
    assert isinstance(found[0], FellBack)
    assert len(found[0].reason) == MOST_REASON
    assert isinstance(found[1], Problem)


def test_a_log_is_read_on_from_where_it_stood(tmp_path: Path) -> None:
    marks = Marks()
    path = tmp_path / "g.log"
    assert len(read(path, logged("ready"), logged(MISSING), marks=marks)) == 1
    assert read(path, logged("ready"), logged(MISSING), logged("x"), marks=marks) == []
    assert len(read(path, logged("ready"), logged(MISSING), logged("x"), logged(TURN), marks=marks)) == 1


@pytest.mark.crash
def test_of_broken_logs_no_fall_back_is_lost(tmp_path: Path) -> None:
    given = "".join(f"{line}\n" for line in (logged("x"), logged(TURN), QUARANTINED, logged(MISSING))).encode()
    path = tmp_path / "g.log"
    for _, data in mutated(given, "gateway logs"):
        path.write_bytes(data)
        found = list(read_gateway_log(path, Marks()))
        numbers = {one.place.number if isinstance(one, FellBack) else one.number for one in found}
        for number, line in enumerate(data.split(b"\n"), 1):
            said = b"ontext engine" in line and b"falling back to default engine" in line
            assert not said or number in numbers
