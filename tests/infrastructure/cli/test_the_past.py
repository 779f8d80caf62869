"""States and contexts can be asked for as of then, in every way that the contracts name."""

from infrastructure.openclaw.sample.story import ALERT
from tests.infrastructure.cli.running import Home, Json
from tests.infrastructure.cli.sample import KEY, SAMPLE


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
