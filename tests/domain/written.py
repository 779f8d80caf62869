"""One event of each type, as it is written with schema 1; every field says something, so that none can be lost.

They tell of one gateway: a heartbeat tick that replays, overflows and compacts, and what else can happen beside it.
"""

from msgspec.structs import replace

from domain import events as fact
from domain.context import Run, Splice, Whole
from domain.entries import Billed, Revision
from domain.keys import mint_engine_key, tick_id
from domain.sizes import Sizes

ROUTING_KEY = "agent:main:main:heartbeat"
SESSION_ID = "4b6f0f5e-6a3c-4f0e-9d1c-2f7f4c1f8a10"
ENGINE_KEY = mint_engine_key(ROUTING_KEY, SESSION_ID)
TICK_ID = tick_id(ROUTING_KEY, SESSION_ID)
NEXT_TICK_ID = tick_id(ROUTING_KEY, "c0e1b7b2-0f43-4c55-8f0b-5f4f2f3f9c77")
TURN_ID = "delivery-000017"
TRANSCRIPT = f"/home/zoë/.openclaw/agents/main/sessions/{SESSION_ID}.jsonl"
AT = 1_788_856_922_017_000  # 2026-09-08T08:42:02.017Z
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # SHA-256 of "test"

POLL = Revision(
    entry=1,
    revision=1,
    role="user",
    timestamp=1_788_856_922_017,
    discriminator="",
    digest=DIGEST,
    size=96,
    tokens=24,
    repeats=4,
)
RESULT = Revision(
    entry=2,
    revision=3,
    role="toolResult",
    timestamp=1_788_856_923_551,
    discriminator="call2",
    digest=DIGEST,
    size=6_144,
    tokens=1_536,
    truncated=True,
)
PROMPT = Revision(
    entry=0, revision=2, role="prompt", timestamp=None, discriminator="", digest=DIGEST, size=212, tokens=53
)

WRITTEN: tuple[fact.Event, ...] = (
    fact.EngineOpened(
        occurred_at=AT,
        evidence="reconstructed",
        routing_key=ROUTING_KEY,
        kind="heartbeat-run",
        opened_by="AssembleContext",
        session_id=SESSION_ID,
    ),
    fact.EngineBootstrapped(occurred_at=AT, session_id=SESSION_ID, imported_entries=14),
    fact.TickDispatched(occurred_at=AT, tick_id=TICK_ID, session_id=SESSION_ID, engine_key=ENGINE_KEY, isolated=True),
    fact.TickSkipped(occurred_at=AT + 1_800_000_000, tick_id=NEXT_TICK_ID, reason="requests-in-flight"),
    fact.TickSettled(occurred_at=AT + 41_250_000, tick_id=TICK_ID, outcome="ok-token"),
    fact.EntriesRecorded(
        occurred_at=AT + 2_000_000,
        evidence="truncated",
        session_id=SESSION_ID,
        sighted="delivered",
        method="commitTurn",
        revisions=(POLL, RESULT),
        again=((1, 1), (2, 1)),
        heartbeat=True,
    ),
    fact.TextsRecorded(occurred_at=AT, evidence="redacted", session_id=SESSION_ID, revisions=(PROMPT,)),
    fact.ContextAssembled(
        occurred_at=AT + 120_000,
        call=7,
        session_id=SESSION_ID,
        turn_id=TURN_ID,
        attempt=2,
        count=44,
        digest=DIGEST,
        delta=Splice(base=6, head=20, tail=19, middle=(Run(21, 1, 2), Run(42, 4, 1))),
        tokens=31_087,
        budget=27_904,
        model="fake/fake-model",
        prompt=2,
        history_count=40,
        history_digest=DIGEST,
    ),
    fact.AssemblyFailed(occurred_at=AT, session_id=SESSION_ID, reason="the engine threw"),
    fact.PromptSubmitted(
        occurred_at=AT + 180_000,
        evidence="truncated",
        number=3,
        session_id=SESSION_ID,
        count=44,
        digest=DIGEST,
        delta=Whole((Run(1, 40, 1), Run(42, 4, 1))),
        run_id="run-19",
        model="fake/fake-model",
        prompt=2,
        truncated=1,
    ),
    fact.OverflowReported(occurred_at=AT + 240_000, session_id=SESSION_ID, tokens=124_349, budget=111_616),
    fact.TurnCommitted(
        occurred_at=AT + 41_000_000,
        turn_id=TURN_ID,
        session_id=SESSION_ID,
        attempts=2,
        late=True,
        advancement_key="turn:4b6f0f5e:1",
        first_position=0,
        last_position=3,
        heartbeat=True,
    ),
    fact.TurnFailed(occurred_at=AT, turn_id=TURN_ID, session_id=SESSION_ID, reason="context_length_exceeded"),
    fact.CompactionStarted(
        occurred_at=AT + 250_000,
        session_id=SESSION_ID,
        trigger="overflow",
        target="budget",
        forced=True,
        tokens=124_349,
        budget=111_616,
        instructions=3,
        heartbeat=True,
    ),
    fact.CompactionCompleted(
        occurred_at=AT + 9_750_000,
        session_id=SESSION_ID,
        compacted=True,
        summary=4,
        first_kept="e41c09aa",
        tokens_before=124_349,
        tokens_after=8_210,
        reason="over budget",
    ),
    fact.CompactionFailed(occurred_at=AT, session_id=SESSION_ID, reason="the summary timed out"),
    fact.MaintenanceRecorded(
        occurred_at=AT,
        session_id=SESSION_ID,
        changed=True,
        bytes_freed=6_144,
        rewritten_entries=1,
        reason="old tool results",
    ),
    fact.EngineFellBack(occurred_at=AT, session_id=SESSION_ID, engine="legacy", reason="no transcriptSemantics"),
    fact.SessionListed(
        occurred_at=AT + 42_000_000,
        evidence="reconstructed",
        session_id=SESSION_ID,
        current=True,
        began_at=AT,
        ended_at=AT + 41_250_000,
        status="done",
        reason="reset",
        previous="c0e1b7b2-0f43-4c55-8f0b-5f4f2f3f9c77",
        base_key="agent:main:main",
        transcript=TRANSCRIPT,
        input_tokens=30_017,
        output_tokens=41,
        total_tokens=30_058,
        context_tokens=111_616,
        compactions=1,
    ),
    fact.RunReported(
        occurred_at=AT,
        evidence="truncated",
        run_id="e832e555-fcc4-46a5-a64a-beb27a9885ba",
        attempt=2,
        session_id=SESSION_ID,
        ended_at=AT + 41_250_000,
        trigger="heartbeat",
        host="2026.9.6",
        engine="probe",
        model="claude-opus-4-5",
        billed=Billed(input=3_017, output=41, cache_read=27_904, cache_write=512),
        compactions=1,
        status="error",
        error="context_length_exceeded",
    ),
    fact.SubagentSpawned(occurred_at=AT, child_key="agent:main:subagent:0d9f6c2e", mode="isolated"),
    fact.SubagentEnded(occurred_at=AT, reason="completed"),
    fact.AnomalyNoted(
        occurred_at=AT, rule="overflow-without-turn", detail="An overflow was reported although no turn was open"
    ),
    fact.ContentErased(occurred_at=AT, entry=2, revision=3, reason="asked for by Zoë 🗝"),
    fact.EngineClosed(occurred_at=AT, evidence="absent", reason="session deleted"),
)

ADDED: dict[str, fact.Event] = {
    "masked": fact.EntriesRecorded(
        occurred_at=AT,
        evidence="redacted",
        session_id=SESSION_ID,
        sighted="delivered",
        method="afterTurn",
        revisions=(replace(RESULT, kept=DIGEST[::-1]), replace(POLL, kept="")),
    ),
    "masked-text": fact.TextsRecorded(
        occurred_at=AT,
        evidence="redacted",
        session_id=SESSION_ID,
        revisions=(replace(PROMPT, kept=DIGEST[::-1]),),
    ),
    "size-of-erased": fact.ContentErased(
        occurred_at=AT, entry=2, revision=3, reason="asked for by Zoë 🗝", size=10_485_760
    ),
    "owned-compaction": fact.CompactionCompleted(
        occurred_at=AT + 9_750_000,
        session_id=SESSION_ID,
        compacted=True,
        summary=4,
        tokens_before=124_349,
        tokens_after=8_210,
        summary_entry=45,
        kept_from=41,
    ),
    "tool-calls": fact.EntriesRecorded(
        occurred_at=AT + 2_000_000,
        session_id=SESSION_ID,
        sighted="delivered",
        method="commitTurn",
        revisions=(
            Revision(
                entry=3,
                revision=1,
                role="assistant",
                timestamp=1_788_856_923_000,
                discriminator="chatcmpl-7",
                digest=DIGEST,
                size=160,
                tokens=12,
                calls=("call1", "call2"),
            ),
        ),
    ),
    "tools-and-billed": fact.EntriesRecorded(
        occurred_at=AT + 2_000_000,
        session_id=SESSION_ID,
        sighted="delivered",
        method="commitTurn",
        revisions=(
            Revision(
                entry=3,
                revision=1,
                role="assistant",
                timestamp=1_788_856_923_000,
                discriminator="chatcmpl-7",
                digest=DIGEST,
                size=160,
                tokens=12,
                tools=("read", "exec"),
                billed=Billed(input=3_017, output=41, cache_read=27_904, cache_write=512),
            ),
        ),
    ),
    "transcript-at-bootstrap": fact.EngineBootstrapped(occurred_at=AT, session_id=SESSION_ID, transcript=TRANSCRIPT),
    "late-tick": fact.TickDispatched(
        occurred_at=AT,
        evidence="reconstructed",
        tick_id=TICK_ID,
        session_id=SESSION_ID,
        engine_key=ENGINE_KEY,
        late=True,
    ),
    "source-of-tick": fact.TickDispatched(
        occurred_at=AT,
        tick_id=TICK_ID,
        session_id=SESSION_ID,
        engine_key=ENGINE_KEY,
        isolated=True,
        source="exec",
        reason="a command ended",
    ),
    "source-of-skip": fact.TickSkipped(
        occurred_at=AT, tick_id=NEXT_TICK_ID, reason="requests-in-flight", source="interval"
    ),
    "sizes-of-assembled": fact.ContextAssembled(
        occurred_at=AT,
        call=1,
        session_id=SESSION_ID,
        turn_id=TURN_ID,
        count=4,
        digest=DIGEST,
        delta=Whole((Run(1, 4, 1),)),
        sizes=Sizes(history=812, summary=96, this_turn=1_584),
    ),
    "sizes-of-submitted": fact.PromptSubmitted(
        occurred_at=AT,
        number=1,
        session_id=SESSION_ID,
        count=4,
        digest=DIGEST,
        delta=Whole((Run(1, 4, 1),)),
        sizes=Sizes(history=812, summary=96, this_turn=1_584, system=5_801, tools=7_402),
    ),
    "transcript-at-commit": fact.TurnCommitted(
        occurred_at=AT, turn_id=TURN_ID, session_id=SESSION_ID, transcript=TRANSCRIPT
    ),
    "transcript-at-compaction": fact.CompactionStarted(
        occurred_at=AT, session_id=SESSION_ID, trigger="overflow", transcript=TRANSCRIPT
    ),
    "transcript-at-maintenance": fact.MaintenanceRecorded(
        occurred_at=AT, session_id=SESSION_ID, changed=False, transcript=TRANSCRIPT
    ),
}
"""Events with fields that were added to a schema, with defaults under which the older files still read and write."""
