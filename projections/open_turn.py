"""Which turn a context is of, for read models that are not of turns.

A turn is known by the event that began it: its first context (`projections.turns`). The id under which a context was
assembled is no name of it, since the host may give the turn another once it is committed.
"""

from msgspec import Struct

from domain.events import ContextAssembled


class OpenTurn(Struct, frozen=True, array_like=True):
    """The turn that an engine is in: the id under which its last context was assembled, the session, and the position
    of the event that began it in its partition.
    """

    turn_id: str
    session_id: str
    position: int


def turn_of(turn: OpenTurn | None, event: ContextAssembled, position: int) -> OpenTurn:
    """Give the turn that a context is of, which lies at this position: the one that is open, or else a new one."""
    if turn is not None and (turn.turn_id, turn.session_id) == (event.turn_id, event.session_id):
        return turn
    return OpenTurn(event.turn_id, event.session_id, position)


def committed(turn: OpenTurn | None, session_id: str) -> OpenTurn | None:
    """Give the turn that is still open when one of this session was committed."""
    return None if turn is not None and turn.session_id == session_id else turn
