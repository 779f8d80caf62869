"""`heartline search`: blocks for people, lines for programs, and words on what can't be looked for."""

from tests.infrastructure.cli.running import Home
from tests.infrastructure.cli.sample import KEY

HIT_KEYS = {
    *("event_id", "cursor", "gateway", "engine_key", "routing_key", "agent", "session_id", "entry", "revision", "role"),
    *("tools", "type", "occurred_at", "snippet", "matches", "context_reference"),
}


def test_hits_are_told_one_a_line_with_what_matched_and_where_to_look_next(home: Home) -> None:
    answers = home.json("search", "inbox.md", "--gateway", "sample", "--limit", "9", noted=True).answers
    assert len(answers) == 9
    assert all(set(answer) >= HIT_KEYS for answer in answers)
    times = [answer["occurred_at"] for answer in answers]
    assert times == sorted(times, reverse=True)
    for answer in answers:
        assert next(answer["snippet"][start:end] for start, end in answer["matches"]).lower() == "inbox.md"
    shown = next(answer["context_reference"] for answer in answers if answer["context_reference"])
    assert home.json("context", shown, "--gateway", "sample").answer["engine_key"] == KEY


def test_people_are_shown_a_block_for_each_hit_on_plain_lines(home: Home) -> None:
    ran = home.run("search", "inbox.md", "--type", "tool-call", "--tool", "read", "--gateway", "sample")
    blocks = ran.text.split("\n\n")
    assert len(blocks) > 1
    assert all("tool-call  assistant read" in block and "inbox.md" in block for block in blocks)
    assert "\x1b" not in ran.text


def test_several_arguments_are_one_query_and_cursors_go_on(home: Home) -> None:
    everything = home.json("search", "reply", "heartbeat", "--gateway", "sample").answers
    assert everything == home.json("search", "reply heartbeat", "--gateway", "sample").answers
    cursor = everything[0]["cursor"]
    rest = home.json("search", "reply", "heartbeat", "--gateway", "sample", "--after", cursor).answers
    assert rest == everything[1:]


def test_nothing_found_is_fine_and_said_beside_the_answer(home: Home) -> None:
    ran = home.run("search", "nothingofthekind", noted=True)
    assert (ran.text, ran.err) == ("", "Nothing was found for nothingofthekind.\n")


def test_a_query_without_a_word_is_wrong_usage_and_says_what_to_write(home: Home) -> None:
    ran = home.run("search", "--", "-inbox", code=2)
    assert "write words" in ran.err
    assert "[unusable-query]" in ran.err


def test_where_more_is_found_the_way_on_is_said_beside_the_answer(home: Home) -> None:
    everything = home.json("search", "heartbeat", "--gateway", "sample", "--limit", "1000").answers
    for form in ((), ("--json",)):
        ran = home.inside("search", "heartbeat", "--gateway", "sample", "--limit", "3", *form, noted=True)
        assert ran.err == f"… more: --after {everything[2]['cursor']}\n"
    assert home.inside("search", "heartbeat", "--gateway", "sample", "--limit", str(len(everything))).err == ""
