"""The rules of the machine: which command would break which, in which state."""

from typing import NamedTuple

from domain import commands as ask
from domain.engine import Engine, Turn
from domain.entries import TEXTS, Reference, Seen


class BrokenRule(NamedTuple):
    """A rule of the machine, by its stable name, and how it was broken."""

    rule: str
    detail: str


def broken_rule(engine: Engine, command: ask.Command) -> BrokenRule | None:
    """Name the rule that a command would break in this state, if any."""
    turn, phase = engine.turn, engine.phase
    match command:
        case ask.OpenEngine():
            return None if phase == "fresh" else BrokenRule("engine-opened-twice", "The engine is open already")
        case _ if phase == "fresh":
            return BrokenRule("engine-not-opened", "The engine was never opened")
        case _ if phase == "closed":
            return BrokenRule("engine-closed", "The engine is closed")
        case ask.DispatchTick(late=True) | ask.SettleTick(late=True) | ask.RecordEntries(sighted="transcript"):
            return None  # told of afterwards: the order in which it comes says nothing
        case ask.CommitTurn() if command.advancement_key in engine.advancements:
            return None  # the same commit again: done before
        case (
            ask.AssembleContext()
            | ask.RecordEntries()
            | ask.FailAssembly()
            | ask.ReportOverflow()
            | ask.CommitTurn()
            | ask.FailTurn()
        ) if phase == "compacting":
            return BrokenRule("used-while-compacting", "The engine was used while it compacted")
        case ask.AssembleContext(session_id=session) if phase == "in-turn" and _of_another(turn, session):
            return BrokenRule("session-changed-in-turn", f"Session {session} asked for a context in another's turn")
        case ask.AssembleContext() if phase == "overflowed":
            return BrokenRule("assembled-while-overflowed", "A context overflowed and was not made smaller")
        case ask.AssembleContext(prompt=prompt) if phase == "in-turn" and turn and _is_another(engine, turn, prompt):
            return BrokenRule("turn-abandoned", f"Another prompt came while turn {turn.id} was still open")
        case ask.ReportOverflow() if turn is None:
            return BrokenRule("overflow-without-turn", "An overflow was reported although no turn was open")
        case ask.FailTurn() if turn is None or (turn.broken and phase == "idle"):
            return BrokenRule("failed-without-turn", "A turn failed although none was open")
        case ask.CommitTurn() if turn is None or turn.broken:
            return BrokenRule("committed-without-turn", "A turn was committed although no context was assembled for it")
        case ask.CommitTurn(session_id=session) if _of_another(turn, session):
            return BrokenRule("session-changed-in-turn", f"Session {session} committed a turn during another's")
        case ask.StartCompaction() if phase == "compacting":
            return BrokenRule("compacting-twice", "A compaction was started before the last one ended")
        case ask.CompleteCompaction() | ask.FailCompaction() if phase != "compacting":
            return BrokenRule("compaction-not-started", "A compaction ended that was never started")
        case ask.DispatchTick() | ask.SkipTick() if command.tick_id in engine.ticks:
            return BrokenRule("tick-dispatched-twice", f"Tick {command.tick_id} was dispatched before")
        case ask.DispatchTick() if engine.tick is not None:
            return BrokenRule("tick-not-settled", f"Tick {engine.tick} was never settled when {command.tick_id} began")
        case ask.SettleTick() if engine.tick != command.tick_id:
            return BrokenRule("tick-not-running", f"Tick {command.tick_id} was settled although it was not running")
        case ask.CloseEngine() if phase != "idle":
            return BrokenRule("closed-while-busy", f"The engine was closed while it was {phase}")
        case ask.EraseContent() if Reference(command.entry, command.revision) not in engine.roster.digests:
            return BrokenRule("no-such-entry", f"Entry {command.entry} has no revision {command.revision}")
        case _:
            return None


def _is_another(engine: Engine, turn: Turn, prompt: Seen | None) -> bool:
    """Say whether a prompt isn't the turn's: mid-turn the host repeats it or gives none; in a retry it says any."""
    if prompt is None or turn.prompt is None or turn.resumed:
        return False
    return engine.roster.references.get(prompt.digest) != Reference(TEXTS, turn.prompt)


def _of_another(turn: Turn | None, session_id: str) -> bool:
    return turn is not None and turn.session_id != session_id
