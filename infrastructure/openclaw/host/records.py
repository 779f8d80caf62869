"""What the readers of a host's files tell: the same words, whichever release wrote them.

Times are in µs since the Unix epoch. Texts are legible (`openclaw/lossless.py`); a message is its exact bytes.
"""

from typing import Literal

from msgspec import Struct

from infrastructure.openclaw.calls import Usage

Grade = Literal["reconstructed", "truncated"]
"""How a record is known: from what the host wrote down afterwards, be it that it cut something of it."""


class Place(Struct, frozen=True, order=True):
    """Where a record stands: in which file, and there in which row or line.

    `part` is a session's id where places are counted for each session (rows of a store), else "". `number` is the
    line (from 1) or the row's `seq` there.
    """

    path: str
    part: str
    number: int


class Problem(Struct, frozen=True):
    """Something that could not be read, and why; what stands beside it was read."""

    path: str
    part: str
    number: int | None
    reason: str


class Counters(Struct, frozen=True):
    """What a session's entry in the host's map counts; None where it does not say. Tokens as the host has them."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    context_tokens: int | None = None
    compactions: int | None = None


class SessionWindow(Struct, frozen=True, kw_only=True):
    """One session of a routing key: one transcript.

    `current` says that the key points to it now; older ones stay on disk, unreferenced. `base` is the session key that
    an isolated heartbeat's was made for, where the entry remembers it. `started_at` and `ended_at` are of its last run.
    `counters` are of the key's entry, so they are known of the current session only. `transcript` is the file that it
    lies in, where it has one of its own; `reason` why it was begun, as the host has it or as its files show (`fork`,
    `heartbeat`).
    """

    place: Place
    session_id: str
    session_key: str | None
    agent: str | None
    current: bool
    created_at: int | None = None
    updated_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    status: str | None = None
    reason: str | None = None
    previous: str | None = None
    base: str | None = None
    transcript: str | None = None
    parent_key: str | None = None
    last_run: str | None = None
    counters: Counters | None = None


class TranscriptMessage(Struct, frozen=True, kw_only=True):
    """A message in a session's transcript. `raw` is its exact bytes: of the `message`, or of what stands for one.

    `entry_id` is the host's own; `active` is False where it lies on a branch that was left. `at` is when the host
    wrote it down.
    """

    place: Place
    session_id: str
    at: int
    raw: bytes
    entry_id: str | None = None
    parent_id: str | None = None
    run_id: str | None = None
    active: bool = True
    grade: Grade = "reconstructed"


class TranscriptCompaction(Struct, frozen=True, kw_only=True):
    """A compaction that a transcript holds. `summary` is the exact bytes of its JSON string."""

    place: Place
    session_id: str
    at: int
    summary: bytes | None
    first_kept: str | None = None
    tokens_before: int | None = None
    entry_id: str | None = None
    parent_id: str | None = None


class Run(Struct, frozen=True, kw_only=True):
    """What the host's trajectory says of one run (one attempt at a turn): what it was for, what was billed, its end.

    `trigger` as the host has it (`heartbeat`, `user`, …). `prompt` is the exact bytes of its JSON string; `messages` is
    how many the host compiled (which is not what was submitted). `attempt` counts the runs of one id, from 1.
    `missing` names what the host cut, dropped or redacted: an event (`session.started`) or something of one
    (`prompt.submitted.prompt`).
    """

    place: Place
    run_id: str
    attempt: int
    session_id: str
    session_key: str | None
    started_at: int
    ended_at: int | None = None
    trigger: str | None = None
    engine: str | None = None
    version: str | None = None
    model: str | None = None
    prompt: bytes | None = None
    messages: int | None = None
    system_characters: int | None = None
    usage: Usage | None = None
    compactions: int | None = None
    status: str | None = None
    error: str | None = None
    missing: tuple[str, ...] = ()
    grade: Grade = "reconstructed"


class TickOutcome(Struct, frozen=True, kw_only=True):
    """What the host kept of a tick that reported an outcome, or of one that it skipped."""

    place: Place
    session_key: str
    run_session_key: str | None
    outcome: str
    at: int
    summary: str | None = None
    source: str | None = None
    reason: str | None = None


class PendingCommit(Struct, frozen=True, kw_only=True):
    """A commit that the host's outbox still holds: the engine has not taken it."""

    place: Place
    advancement_key: str
    engine: str | None
    session_id: str
    attempts: int
    at: int
    error: str | None = None


class FellBack(Struct, frozen=True, kw_only=True):
    """The gateway's log says that another engine served. `session_id` and `session_key` where the line names them.

    `lasting` says that it did so until the gateway ended, and not for one turn.
    """

    place: Place
    at: int | None
    engine: str
    reason: str
    session_id: str | None = None
    session_key: str | None = None
    lasting: bool = False


Record = (
    SessionWindow | TranscriptMessage | TranscriptCompaction | Run | TickOutcome | PendingCommit | FellBack | Problem
)
"""Everything that a reader can tell."""
