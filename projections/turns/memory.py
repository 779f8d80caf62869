"""What the fold of turns remembers of a stream. It is small, however long the stream."""

from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.keys import agent_of, routing_key_of
from projections.machinery.projection import Recorded
from projections.turns.turn import NO_WORK, Seen, Turn, Work

MOST_EARLIER = 8
"""So many turns of other sessions are remembered that were not committed when another one began. A commit that comes
later than that is told of as a turn of its own, without contexts."""

MOST_LOOSE = 4
"""For so many sessions it is remembered what was done while none of their turns was open."""

MOST_SEEN = 128
"""So many messages are remembered that were seen and not delivered yet. One that is delivered later than that counts as
delivered before: its tokens are not told."""

MOST_TICKS = 8
"""So many ticks of a stream are remembered that were not settled. Turns that begin later than that belong to none."""


class Loose(Struct, frozen=True, array_like=True):
    """What was done in a session while none of its turns was open."""

    session_id: str
    work: Work


class OpenTick(Struct, frozen=True, array_like=True):
    """A tick of the stream's engine that was not settled."""

    tick_id: str
    session_id: str


class Remembered(Struct, frozen=True, array_like=True):
    """The turns of a stream that were not committed, one a session: the one that it is in, and `earlier` ones.

    `by_hand` says that a person asked for the compaction that was started last.
    """

    partition: int
    stream: UUID
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    current: Turn | None = None
    earlier: tuple[Turn, ...] = ()
    ticks: tuple[OpenTick, ...] = ()
    loose: tuple[Loose, ...] = ()
    seen: tuple[Seen, ...] = ()
    by_hand: bool = False


def nothing_of(one: Recorded) -> Remembered:
    """Give what is remembered before the first event of a stream."""
    key = one.engine_key
    return Remembered(one.partition, one.stream, one.gateway, key, routing_key_of(key), agent_of(key))


def turn_of(held: Remembered, session_id: str) -> Turn | None:
    """Give the session's turn that was not committed yet."""
    if held.current is not None and held.current.session_id == session_id:
        return held.current
    return next((turn for turn in held.earlier if turn.session_id == session_id), None)


def put(held: Remembered, turn: Turn) -> Remembered:
    """Put what became of a session's turn in its place."""
    current, session_id = held.current, turn.session_id
    if current is not None and current.session_id == session_id:
        return replace(held, current=turn)
    return replace(held, earlier=tuple([turn if one.session_id == session_id else one for one in held.earlier]))


def taken(held: Remembered, session_id: str) -> Remembered:
    """Forget a session's turn."""
    if held.current is not None and held.current.session_id == session_id:
        return replace(held, current=None)
    return replace(held, earlier=tuple([one for one in held.earlier if one.session_id != session_id]))


def loose_work(held: Remembered, session_id: str) -> Work:
    """Give what was done in a session while none of its turns was open."""
    return next((one.work for one in held.loose if one.session_id == session_id), NO_WORK)


def loosened(held: Remembered, session_id: str, work: Work) -> Remembered:
    """Remember what was done in a session while none of its turns was open; `NO_WORK` forgets it."""
    if work == NO_WORK and not held.loose:
        return held
    others = tuple([one for one in held.loose if one.session_id != session_id])
    if work == NO_WORK:
        return replace(held, loose=others)
    return replace(held, loose=(*others, Loose(session_id, work))[-MOST_LOOSE:])


def loosely(held: Remembered, session_id: str, overflows: int = 0, compactions: int = 0) -> Remembered:
    """Count overflows and compactions for the session's next turn."""
    work = loose_work(held, session_id)
    more = replace(work, overflows=work.overflows + overflows, compactions=work.compactions + compactions)
    return loosened(held, session_id, more)


def told_of_heartbeat(held: Remembered, session_id: str, heartbeat: bool | None) -> Remembered:
    """Take note that the host called a turn a heartbeat, or not; what it once called so stays so."""
    turn = None if heartbeat is None else turn_of(held, session_id)
    if turn is None or turn.heartbeat or turn.heartbeat == heartbeat:
        return held
    return put(held, replace(turn, heartbeat=heartbeat))


def tick_of(held: Remembered, session_id: str) -> str | None:
    """Give the session's tick that was not settled; the last one of several."""
    return next((one.tick_id for one in reversed(held.ticks) if one.session_id == session_id), None)
