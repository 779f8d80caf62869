"""Events as recordings give them: turns of a session, each with a context, its entries, its commit."""

from collections.abc import Iterator
from hashlib import sha256

from domain import events as fact
from domain.context import Run, Splice, Whole
from domain.entries import Revision

SESSION = "0b6f6c7e-6d2c-4a53-9e0e-5a1f0c1d2e3f"
BEGIN = 1_795_423_012_560_000
"""When the first event happened, µs."""


def kilobyte() -> bytes:
    """Give the payload of one event, of about 1 KB: a turn that delivers some entries."""
    return fact.encode(entries_recorded(1, 5))


def entries_recorded(number: int, count: int) -> fact.EntriesRecorded:
    """Give the event of a turn that delivers so many entries."""
    return fact.EntriesRecorded(
        occurred_at=BEGIN + number * 1_000_000,
        session_id=SESSION,
        sighted="delivered",
        method="commitTurn",
        revisions=tuple(
            Revision(
                entry=number * count + place,
                revision=1,
                role="assistant" if place % 2 else "user",
                timestamp=BEGIN // 1000 + number * 1000 + place,
                discriminator=f"chatcmpl-{number * count + place}",
                digest=_digest(number * count + place),
                size=310 + place,
                tokens=77,
            )
            for place in range(count)
        ),
        heartbeat=False,
    )


def turns() -> Iterator[fact.Event]:
    """Give the events of a session, turn after turn, without end."""
    number = 0
    while True:
        number += 1
        at = BEGIN + number * 1_000_000
        spliced = Splice(number & (number - 1), number, 0, (Run(number, 2, 1), Run(number + 2, 1, 2)))
        yield fact.ContextAssembled(
            occurred_at=at,
            call=number,
            session_id=SESSION,
            turn_id=_digest(-number),
            count=2 * number,
            digest=_digest(number),
            delta=spliced if number % 2 else Whole((Run(1, 2 * number, 1),)),
            tokens=77 * number,
            budget=32_000,
            model="fake-model",
            prompt=number,
            history_count=2 * number,
            history_digest=_digest(number),
        )
        yield entries_recorded(number, 2)
        yield fact.TurnCommitted(
            occurred_at=at,
            turn_id=_digest(-number),
            session_id=SESSION,
            advancement_key=_digest(-number)[:36],
            first_position=2 * number,
            last_position=2 * number + 1,
            heartbeat=False,
        )
        yield fact.MaintenanceRecorded(occurred_at=at, session_id=SESSION, changed=False, reason="nothing to do")


def _digest(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()
