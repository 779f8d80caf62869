"""Following cursors gives every event once."""

import base64
import json
from pathlib import Path
from typing import Any

from infrastructure.embedded.server import EmbeddedPostgres
from tests.infrastructure.cli.running import Home, Json
from tests.infrastructure.cli.sample import SAMPLE, line


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
