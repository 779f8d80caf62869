"""Hypothesis strategies: any command, in any order, over few names, so that they meet and collide."""

from typing import Any, get_args

from hypothesis import strategies as some

from domain import commands as ask
from domain.entries import Billed, Identity, Seen
from domain.heartbeat import Source
from tests.domain.facts import digest_at

UNICODE = some.text(some.characters(exclude_categories=["Cs"]), max_size=8)
TIMES = some.integers(0, 2**53)
COUNTS = some.integers(0, 200_000)
SESSIONS = some.sampled_from(["session-1", "session-2", "séance-3"])
TICKS = some.sampled_from(["tick-1", "tick-2", "tick-3"])
DIGESTS = some.integers(0, 9).map(lambda number: digest_at(str(number)))
"""So few that another identity, or a text, comes with a digest that is taken."""
IDENTITIES = some.builds(
    Identity,
    some.sampled_from(["user", "assistant", "toolResult", "compactionSummary", "custom"]),
    some.sampled_from([None, 0, 1_788_856_922_017, -1, 10**30]),
    some.sampled_from(["", "id-1", "id-2"]),
)
CALLS = some.lists(some.sampled_from(["call1", "call2"]), max_size=2).map(tuple)
TOOLS = some.lists(some.sampled_from(["read", "exec", "наука"]), max_size=2).map(tuple)
TOKENS = some.integers(0, 2**63 - 1)
BILLED = some.none() | some.builds(Billed, TOKENS, TOKENS, TOKENS, TOKENS)
MESSAGES = some.builds(
    Seen,
    IDENTITIES,
    DIGESTS,
    some.integers(0, 3),
    some.integers(0, 2),
    some.booleans(),
    calls=CALLS,
    tools=TOOLS,
    billed=BILLED,
    summary=some.booleans(),
)
TEXTS = some.builds(Seen, IDENTITIES, DIGESTS, some.integers(0, 3), some.integers(0, 2), text=some.just(True))
SOME_MESSAGES = some.lists(MESSAGES, max_size=4).map(tuple)
MAYBE_TEXT = some.none() | TEXTS
MAYBE = some.none() | some.booleans()
MAYBE_COUNT = some.none() | COUNTS
MAYBE_FIGURE = MAYBE_COUNT | some.sampled_from([-(2**63), -2, 2**63 - 1])
"""What sources claim of tokens: any number of 64 bits."""
MAYBE_NAME = some.none() | UNICODE
MAYBE_SOURCE = some.none() | some.sampled_from(get_args(Source))
SUBMISSION = {"session_id": SESSIONS, "novel": SOME_MESSAGES, "prompt": MAYBE_TEXT, "model": MAYBE_NAME}

FIELDS: dict[type[ask.Command], dict[str, some.SearchStrategy[Any]]] = {
    ask.OpenEngine: {
        "routing_key": UNICODE,
        "kind": some.sampled_from(["main", "heartbeat", "heartbeat-run"]),
        "session_id": some.none() | SESSIONS,
    },
    ask.BootstrapEngine: {"session_id": SESSIONS, "imported_entries": COUNTS, "transcript": MAYBE_NAME},
    ask.DispatchTick: {
        "tick_id": TICKS,
        "session_id": SESSIONS,
        "engine_key": UNICODE,
        "isolated": MAYBE,
        "source": MAYBE_SOURCE,
        "reason": MAYBE_NAME,
        "late": some.booleans(),
    },
    ask.SkipTick: {"tick_id": TICKS, "reason": UNICODE, "source": MAYBE_SOURCE},
    ask.SettleTick: {"tick_id": TICKS, "outcome": UNICODE, "late": some.booleans()},
    ask.RecordEntries: {
        "session_id": SESSIONS,
        "method": UNICODE,
        "novel": SOME_MESSAGES,
        "history": SOME_MESSAGES,
        "heartbeat": MAYBE,
        "sighted": some.sampled_from(["delivered", "transcript"]),
    },
    ask.AssembleContext: SUBMISSION
    | {"history": some.none() | SOME_MESSAGES, "tokens": MAYBE_FIGURE, "budget": MAYBE_FIGURE},
    ask.FailAssembly: {"session_id": SESSIONS, "reason": UNICODE},
    ask.SubmitPrompt: SUBMISSION
    | {"run_id": MAYBE_NAME, "truncated": COUNTS, "system": MAYBE_COUNT, "tools": MAYBE_COUNT},
    ask.ReportOverflow: {"session_id": SESSIONS, "tokens": MAYBE_FIGURE, "budget": MAYBE_FIGURE},
    ask.CommitTurn: {
        "session_id": SESSIONS,
        "turn_id": MAYBE_NAME,
        "advancement_key": some.sampled_from([None, "", "advance-1", "advance-2"]),
        "first_position": MAYBE_COUNT,
        "last_position": MAYBE_COUNT,
        "heartbeat": MAYBE,
        "transcript": MAYBE_NAME,
    },
    ask.FailTurn: {"session_id": SESSIONS, "reason": UNICODE},
    ask.StartCompaction: {
        "session_id": SESSIONS,
        "trigger": UNICODE,
        "target": MAYBE_NAME,
        "forced": some.booleans(),
        "tokens": MAYBE_FIGURE,
        "budget": MAYBE_FIGURE,
        "instructions": MAYBE_TEXT,
        "heartbeat": MAYBE,
        "transcript": MAYBE_NAME,
    },
    ask.CompleteCompaction: {
        "session_id": SESSIONS,
        "compacted": some.booleans(),
        "summary": MAYBE_TEXT,
        "message": some.none() | MESSAGES,
        "kept_from": MAYBE_COUNT,
        "first_kept": MAYBE_NAME,
        "tokens_before": MAYBE_FIGURE,
        "tokens_after": MAYBE_FIGURE,
        "reason": MAYBE_NAME,
    },
    ask.FailCompaction: {"session_id": SESSIONS, "reason": UNICODE},
    ask.RecordMaintenance: {
        "session_id": SESSIONS,
        "changed": some.booleans(),
        "bytes_freed": COUNTS,
        "rewritten_entries": COUNTS,
        "reason": MAYBE_NAME,
        "transcript": MAYBE_NAME,
    },
    ask.FallBack: {"session_id": SESSIONS, "engine": UNICODE, "reason": UNICODE},
    ask.ListSession: {
        "session_id": SESSIONS,
        "current": some.booleans(),
        "began_at": some.none() | TIMES,
        "ended_at": some.none() | TIMES,
        "status": MAYBE_NAME,
        "reason": MAYBE_NAME,
        "previous": some.none() | SESSIONS,
        "base_key": MAYBE_NAME,
        "transcript": MAYBE_NAME,
        "input_tokens": MAYBE_FIGURE,
        "output_tokens": MAYBE_FIGURE,
        "total_tokens": MAYBE_FIGURE,
        "context_tokens": MAYBE_FIGURE,
        "compactions": MAYBE_FIGURE,
    },
    ask.ReportRun: {
        "run_id": some.sampled_from(["run-1", "run-2"]),
        "attempt": some.integers(1, 3),
        "session_id": SESSIONS,
        "ended_at": some.none() | TIMES,
        "trigger": some.sampled_from([None, "heartbeat", "user", ""]),
        "host": MAYBE_NAME,
        "engine": MAYBE_NAME,
        "model": MAYBE_NAME,
        "billed": BILLED,
        "compactions": MAYBE_FIGURE,
        "status": MAYBE_NAME,
        "error": MAYBE_NAME,
    },
    ask.SpawnSubagent: {"child_key": UNICODE, "mode": MAYBE_NAME},
    ask.EndSubagent: {"reason": UNICODE},
    ask.EraseContent: {"entry": some.integers(0, 4), "revision": some.integers(0, 3), "reason": UNICODE},
    ask.CloseEngine: {"reason": UNICODE},
}
COMMON = {
    "at": TIMES,
    "delivery_id": some.sampled_from(["", "delivery-1", "delivery-2", "delivery-3"]),
    "evidence": some.sampled_from(["recorded", "reconstructed", "truncated", "redacted", "absent"]),
}


def _made(kind: type[ask.Command], fields: dict[str, Any]) -> ask.Command:
    """A command whose messages are known: its digests are those that come with it as novel."""
    if "novel" in fields:
        fields["digests"] = tuple(one.digest for one in fields["novel"])
    if kind is ask.AssembleContext and fields["history"] is not None:
        fields["novel_history"] = fields["history"]
        fields["history"] = tuple(one.digest for one in fields["history"])
    return kind(**fields)


def _commands(kind: type[ask.Command]) -> some.SearchStrategy[ask.Command]:
    return some.fixed_dictionaries(COMMON | FIELDS[kind]).map(lambda fields: _made(kind, fields))


COMMANDS: some.SearchStrategy[ask.Command] = some.sampled_from(list(FIELDS)).flatmap(_commands)
MOVING: list[type[ask.Command]] = [
    ask.AssembleContext,
    ask.RecordEntries,
    ask.CommitTurn,
    ask.FailTurn,
    ask.ReportOverflow,
    ask.StartCompaction,
    ask.CompleteCompaction,
    ask.DispatchTick,
    ask.SettleTick,
]
"""The commands that move an engine between its phases; a session of work has more of them than of the rest."""
WORK: some.SearchStrategy[list[ask.Command]] = some.lists(
    some.sampled_from(MOVING).flatmap(_commands) | COMMANDS, max_size=25
)
