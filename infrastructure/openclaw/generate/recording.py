"""Recording what is generated into a ledger, on the way of every import."""

from collections.abc import Callable, Iterator
from typing import Final

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.generate.gateway import Plan, generated
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.importing import Imported, Importing
from infrastructure.openclaw.lines import Line

GATEWAY: Final = "generated"
"""What the generated gateway is called, unless it is called otherwise."""


def record_generated(
    ledger: Ledger, *, events: int, seed: int = 0, bug: bool = False, gateway: str = GATEWAY
) -> Imported:
    """Fill a ledger with so many events, or a few more (`MOST_OVER`). The same again adds nothing.

    Raises:
        StreamMoved, DatabaseUnavailable: as the recorder.
    """
    return record_plan(Importer(ledger, gateway=gateway), Plan(events, seed, bug))


def record_plan(importing: Importing, plan: Plan, progress: Callable[[int], None] | None = None) -> Imported:
    """Record what a plan comes to; `progress` is told of events that are being recorded."""
    return importing.import_lines(plan.source, _lines(plan, progress or _nobody), _nobody)


def _lines(plan: Plan, progress: Callable[[int], None]) -> Iterator[Line]:
    for number, told in enumerate(generated(plan), start=1):
        yield Line(number, told.line)
        progress(told.events)


def _nobody(_count: int) -> None:
    """Tell nobody."""
