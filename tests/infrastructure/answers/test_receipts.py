"""The receipts of the ticks and turns of the recordings. The truth is that of the README beside them, tick by tick."""

import json
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from domain.events import CompactionCompleted, CompactionStarted, decode
from infrastructure.answers.audits import findings
from infrastructure.answers.library import Library
from infrastructure.answers.listing import Selection
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.streams import state_answer
from infrastructure.answers.ticks import TICKS, ReceiptAnswer, TickListed
from infrastructure.answers.token_usage import TOKEN_USAGE
from infrastructure.answers.turns import TURNS, ToolUse, TurnListed
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.observed import KeyedBy
from tests.databases import Databases
from tests.infrastructure.answers.listed import listed, ticks, turns
from tests.shared import RECORDINGS, needs_recordings

pytestmark = needs_recordings

NAMES = sorted(folder.name for folder in RECORDINGS.iterdir()) if RECORDINGS.is_dir() else []

MOST_REPLAYED: dict[str, list[int | None]] = {
    "latest-iso-loop": [0, 4, 8, 12, 4, 8, 12],
    "may-iso-loop": [0, 10, 20, 10, 20, 10, 20, 10],
    "latest-iso-mixed": [0, 2, 4, 6, 2],
    "may-iso-afterTurn": [0, 6, 12, 18, 6],
    "latest-iso-ignored": [0, 4, 8, 12],
    "latest-iso-control": [0] * 5,
    "latest-main-delegate": [None] * 2,
    "may-main-delegate": [],
}
"""The most foreign entries that one context of each tick held as it was assembled, in the order of the ticks."""


def imported(ledger: Ledger, *names: str, trace: bool = False, keyed_by: KeyedBy = "session-key") -> Library:
    for name in names:
        folder = RECORDINGS / name
        importer = Importer(ledger, gateway=name.lower(), keyed_by=keyed_by)
        submitted = str(folder / "cache-trace.jsonl") if trace else None
        importer.import_recording(str(folder / "lifecycle.ndjson"), lambda _bytes: None, submitted)
    library = Library(ledger)
    library.refresh()
    return library


@pytest.mark.parametrize("keyed_by", ["session-key", "session-id"])
@pytest.mark.parametrize("name", NAMES)
def test_a_tick_replayed_what_its_fullest_context_held_of_others(ledger: Ledger, name: str, keyed_by: KeyedBy) -> None:
    receipts = ticks(imported(ledger, name, keyed_by=keyed_by))
    assert [one.replayed_entries for one in receipts] == MOST_REPLAYED[name]
    assert [one.isolated for one in receipts] == [count is not None for count in MOST_REPLAYED[name]]
    assert {one.basis for one in receipts} <= {"assembled" if "iso" in name else None}


@pytest.mark.parametrize("keyed_by", ["session-key", "session-id"])
@pytest.mark.parametrize("name", NAMES)
def test_what_was_submitted_counts_where_it_is_on_record(ledger: Ledger, name: str, keyed_by: KeyedBy) -> None:
    library = imported(ledger, name, trace=True, keyed_by=keyed_by)
    audited: dict[str, int] = {}
    for finding in findings(library):
        for one in finding.facts.get("submitted", ()):
            audited[one["tick_id"]] = max(one["replayed"], audited.get(one["tick_id"], 0))
    for receipt in ticks(library):
        isolated = "iso" in name
        assert receipt.basis == ("submitted" if isolated else None)
        assert receipt.replayed_entries == (audited.get(receipt.tick_id, 0) if isolated else None)


def test_all_recordings_in_one_ledger_have_the_same_receipts(ledger: Ledger) -> None:
    library = imported(ledger, *NAMES)
    for name in NAMES:
        assert [one.replayed_entries for one in ticks(library, gateway=name.lower())] == MOST_REPLAYED[name]


def test_contexts_of_too_many_ranges_are_restored_from_their_events(ledger: Ledger, database: str) -> None:
    library = imported(ledger, "may-iso-loop")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("update heartline_projections.contexts_1 set ranges = null")
    assert [one.replayed_entries for one in ticks(library)] == MOST_REPLAYED["may-iso-loop"]


@pytest.mark.parametrize("name", NAMES)
def test_a_tick_costs_the_same_wherever_its_engine_kept_its_state(databases: Databases, name: str) -> None:
    receipts: list[list[ReceiptAnswer]] = []
    ways: tuple[KeyedBy, ...] = ("session-key", "session-id")
    for keyed_by in ways:
        with Ledger.open(databases.make()) as ledger:
            library = imported(ledger, name, trace=True, keyed_by=keyed_by)
            found = ticks(library)
            receipts.append([replace(one, engine_key=None, event_id="") for one in found])
            named = [one.tick_id for one in turns(library) if one.tick_id is not None]
            assert named == [one.tick_id for one in found]
    assert receipts[0] == receipts[1]


@pytest.mark.parametrize("name", NAMES)
def test_turns_add_up_to_what_their_engines_came_to(ledger: Ledger, name: str) -> None:
    library = imported(ledger, name, trace=True)
    for found in library.streams():
        state = state_answer(library, library.place(found.engine_key))
        its_turns = turns(library, engine_key=found.engine_key)
        assert sum(one.outcome == "committed" for one in its_turns) == state.turns
        assert sum(one.overflows for one in its_turns) == state.overflows
        by_hand = compactions_by_hand(ledger, found.gateway, found.engine_key)
        assert sum(one.compactions for one in its_turns) == state.compactions - by_hand
        assembled = [range(one.first_call, one.last_call + 1) for one in its_turns if one.first_call and one.last_call]
        assert [call for calls in assembled for call in calls] == list(range(1, state.contexts + 1))
        submitted = [(one.first_submitted, one.last_submitted) for one in its_turns]
        numbers = [range(first, last + 1) for first, last in submitted if first and last]
        assert [number for some in numbers for number in some] == list(range(1, state.submitted + 1))
        assert all(one.ended_at is not None for one in its_turns)


def compactions_by_hand(ledger: Ledger, gateway: str, engine_key: str) -> int:
    """Count those that a person asked for: in the recordings always between turns, where they belong to none."""
    count, trigger = 0, ""
    for row in ledger.stream(gateway, engine_key):
        event = decode(row.payload)
        if isinstance(event, CompactionStarted):
            trigger = event.trigger
        if isinstance(event, CompactionCompleted):
            count += event.compacted and trigger == "manual"
    return count


@pytest.mark.parametrize("name", NAMES)
def test_what_turns_were_billed_is_what_their_delivered_messages_say(ledger: Ledger, name: str) -> None:
    billed: dict[tuple[str, int], int] = {}
    for line in (RECORDINGS / name / "lifecycle.ndjson").read_bytes().splitlines():
        call = json.loads(line)
        params = call["params"]
        messages = params.get("messages", []) if call["method"] in ("commitTurn", "ingestBatch", "afterTurn") else []
        for message in messages[params.get("prePromptMessageCount", 0) :]:
            if message["role"] == "assistant":
                usage = message["usage"]
                total = sum(usage[part] for part in ("input", "output", "cacheRead", "cacheWrite"))
                billed.setdefault((message.get("responseId", ""), message["timestamp"]), total)
    found = turns(imported(ledger, name))
    assert sum(one.billed_tokens or 0 for one in found) == sum(billed.values()) > 0


def test_a_turn_of_the_incident_in_full(ledger: Ledger) -> None:
    library = imported(ledger, "latest-iso-loop", trace=True)
    turn = turns(library, routing_key="agent:main:main:heartbeat")[3]
    assert (turn.outcome, turn.attempts, turn.overflows, turn.compactions, turn.heartbeat) == (
        "committed",
        2,
        1,
        1,
        True,
    )
    assert (turn.first_call, turn.last_call, turn.first_submitted, turn.last_submitted) == (10, 14, 7, 9)
    assert (turn.context_tokens_start, turn.context_tokens_peak, turn.assembled_tokens, turn.budget) == (
        4502,
        4502,
        0,
        31913,
    )
    assert turn.tools == [ToolUse("read", 1)]
    assert turn.tick_id == f"agent:main:main:heartbeat@{turn.session_id}"
    assert turn.submitted_tokens is not None


@pytest.mark.parametrize("name", NAMES)
def test_context_tokens_of_a_receipt_are_those_of_the_contexts_that_its_basis_names(ledger: Ledger, name: str) -> None:
    answers = LocalAnswers(imported(ledger, name, trace=True))
    contexts = answers.listed(TOKEN_USAGE, Selection(), limit=10_000).items[::-1]
    ticks_with_basis = [one for one in answers.listed(TICKS, Selection(), limit=1_000).items if one.basis is not None]
    for tick in ticks_with_basis:
        tokens = [one.tokens for one in contexts if (one.tick_id, one.basis) == (tick.tick_id, tick.basis)]
        assert (tick.context_tokens_start, tick.context_tokens_peak) == (tokens[0], max(one or 0 for one in tokens))
    assert {one.basis for one in ticks_with_basis} <= {"submitted"}


def test_a_submitted_context_has_the_same_tokens_wherever_it_is_told_of(ledger: Ledger) -> None:
    """Those of all that the model received, with the system prompt."""
    answers = LocalAnswers(imported(ledger, "latest-iso-loop", trace=True))
    listed_tokens = {
        (one.engine_key, one.submitted): (one.tokens, one.system)
        for one in answers.listed(TOKEN_USAGE, Selection(), limit=1_000).items
        if one.submitted is not None
    }
    seen = 0
    for turn in answers.listed(TURNS, Selection(), limit=1_000).items:
        if turn.last_submitted is not None:
            tokens, system = listed_tokens[turn.engine_key, turn.last_submitted]
            answer = answers.context(turn.engine_key, submitted=turn.last_submitted)
            assert turn.submitted_tokens == tokens == answer.tokens
            assert answer.tokens == sum(entry.tokens for entry in answer.entries) + (system or 0)
            seen += 1
    assert seen


@pytest.mark.parametrize("query", ["turns/list", "ticks/list"])
def test_walking_a_list_gives_each_row_once_newest_first(ledger: Ledger, query: str) -> None:
    library = imported(ledger, "latest-iso-loop", "latest-iso-mixed")
    row = TurnListed if query == "turns/list" else TickListed
    everything = [(one.at, one.partition, one.position) for one in listed(library, query, row)]
    walked: list[tuple[int, int, int]] = []
    while True:
        at, partition, position = walked[-1] if walked else (None, None, None)
        place = {"before_at": at, "before_partition": partition, "before_position": position}
        page = listed(library, query, row, limit=5, **place)
        if not page:
            break
        walked += [(one.at, one.partition, one.position) for one in page]
    assert walked == everything == sorted(everything, reverse=True)
    assert len(everything) >= 12


@pytest.mark.parametrize("query", ["turns/list", "ticks/list"])
def test_lists_are_narrowed_by_gateway_key_agent_and_time(ledger: Ledger, query: str) -> None:
    library = imported(ledger, "latest-iso-loop", "latest-main-delegate")
    row = TurnListed if query == "turns/list" else TickListed
    everything = listed(library, query, row)
    begun = sorted(one.at for one in everything)[3]
    kept: dict[str, tuple[Any, list[Any]]] = {
        "gateway": ("latest-iso-loop", [one for one in everything if one.gateway == "latest-iso-loop"]),
        "routing_key": ("agent:main:main", [one for one in everything if one.routing_key == "agent:main:main"]),
        "engine_key": ("agent:main:main", [one for one in everything if one.engine_key == "agent:main:main"]),
        "since": (begun, [one for one in everything if one.at >= begun]),
        "until": (begun, [one for one in everything if one.at < begun]),
    }
    for name, (value, wanted) in kept.items():
        assert 0 < len(wanted) < len(everything)
        assert listed(library, query, row, **{name: value}) == wanted
    assert listed(library, query, row, agent="main") == everything
    assert listed(library, query, row, agent="another") == []
