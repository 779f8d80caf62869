"""Answers from a ledger at hand."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from time import time_ns
from uuid import UUID

from domain.errors import WrongUsage
from domain.events import Basis
from infrastructure.answers.audits import finding_answer, findings
from infrastructure.answers.checks import database_checks
from infrastructure.answers.compactions import CompactionAnswer
from infrastructure.answers.contexts import context_answer
from infrastructure.answers.errors import UnknownContext
from infrastructure.answers.events import Wanted, event_page, events_after, one_event
from infrastructure.answers.following import follow
from infrastructure.answers.library import Library, Place
from infrastructure.answers.listing import USUAL, A, Listing, Page, R, Selection, joined, page_of, pages
from infrastructure.answers.objects import (
    Check,
    ContextAnswer,
    EventAnswer,
    EventPage,
    FindingAnswer,
    HeadsAnswer,
    HeldAt,
    StateAnswer,
    StreamAnswer,
)
from infrastructure.answers.projections import ProjectionAnswer, projection_answers
from infrastructure.answers.references import Referred, referred
from infrastructure.answers.search import HitAnswer, SearchPage, Sought, search_page
from infrastructure.answers.streams import state_answer, stream_answer
from infrastructure.answers.summaries import SummaryAnswer, replacing_answers, summary_answer
from infrastructure.ledger import checkpoint
from infrastructure.ledger.ledger import Head
from infrastructure.ledger.verify import Verification, verify


class LocalAnswers:
    """Answers from a library, which stays the caller's to close."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._ledger = library.ledger

    def streams(self, gateway: str | None = None) -> list[StreamAnswer]:
        """List the streams, of a gateway or of all, in the order in which they began."""
        self._library.refresh("engines")
        self._library.check_gateway(gateway)
        return [stream_answer(found) for found in self._library.streams(gateway)]

    def events(self, wanted: Wanted, after: str | None = None, limit: int | None = None) -> Iterator[EventAnswer]:
        """Give the events after a cursor, at most so many, in the order in which they were recorded."""
        return islice(events_after(self._library, wanted, after), limit)

    def event_page(self, wanted: Wanted, after: str | None, limit: int) -> EventPage:
        """Give the next events after a cursor, at most so many, with bounded work."""
        return event_page(self._library, wanted, after, limit)

    def follow(self, wanted: Wanted, after: str | None = None) -> Iterator[EventAnswer]:
        """Give the events after a cursor, and those that come, without an end."""
        return follow(self._library, wanted, after)

    def event(self, event_id: str) -> EventAnswer:
        """Give one event."""
        return one_event(self._library, event_id)

    def listed(
        self, listing: Listing[R, A], selection: Selection, after: str | None = None, limit: int = USUAL
    ) -> Page[A]:
        """List those behind a cursor, at most so many, newest first."""
        return joined(pages(lambda at, most: page_of(self._library, listing, selection, at, most), after, limit))

    def state(self, engine_key: str, gateway: str | None = None, at: str | None = None) -> StateAnswer:
        """Give an engine's state as of a version or a time; of now if None."""
        self._library.refresh("engines")
        return state_answer(self._library, self._library.place(engine_key, gateway), at)

    def context(
        self,
        reference: str,
        gateway: str | None = None,
        call: int | None = None,
        submitted: int | None = None,
        tick: str | None = None,
    ) -> ContextAnswer:
        """Give the context that a reference names, or one of `call`, `submitted` and `tick` in its stream."""
        if sum(one is not None for one in (call, submitted, tick)) > 1:
            raise WrongUsage("A call, a submitted context and a tick each name one context: give one of them.")
        self._library.refresh("engines", "contexts", "origins")
        place, basis, number = _meant(referred(self._library, reference, gateway), call, submitted, tick)
        return context_answer(self._library, place, basis, number, tick)

    def summary(self, engine_key: str, gateway: str | None = None, number: int | None = None) -> SummaryAnswer:
        """Give the summary of an engine's compaction, by default of the last, and the entries that it replaced."""
        return summary_answer(self._library, self._compacted(engine_key, gateway), number)

    def replacing(self, engine_key: str, entry: int, gateway: str | None = None) -> list[CompactionAnswer]:
        """Give the compactions of an engine whose summaries replaced an entry, in their order."""
        return replacing_answers(self._library, self._compacted(engine_key, gateway), entry)

    def _compacted(self, engine_key: str, gateway: str | None) -> Place:
        self._library.refresh("engines", "contexts", "compactions", "turns", "origins")
        return self._library.place(engine_key, gateway)

    def search(self, sought: Sought) -> list[HitAnswer]:
        """Give what has the words that are looked for, newest first or by how well it fits."""
        return self.search_page(sought).hits

    def search_page(self, sought: Sought) -> SearchPage:
        """Give the same, and whether there is more."""
        return search_page(self._library, sought)

    def findings(self, gateway: str | None = None) -> list[FindingAnswer]:
        """Audit every heartbeat routing key, of a gateway or of all."""
        self._library.refresh("engines", "contexts", "origins")
        self._library.check_gateway(gateway)
        return [finding_answer(found) for found in findings(self._library, gateway)]

    def verification(self, checkpoints: Path | None = None) -> Verification:
        """Verify everything on record; with a file of checkpoints, also against its last."""
        return verify(self._ledger, checkpoints)

    def verification_against(self, checkpoints: bytes) -> Verification:
        """Verify everything on record against the last of some lines of a file of checkpoints."""
        last = checkpoint.checkpoint_among(checkpoints, self._ledger.ledger_id, self._ledger.partitions)
        return verify(self._ledger, last)

    def projections(self) -> list[ProjectionAnswer]:
        """Say how far every read model is, as it is."""
        return projection_answers(self._library, time_ns() // 1_000)

    def checks(self) -> list[Check]:
        """Look whether everything is in place in the database."""
        return database_checks(self._library)

    @property
    def ledger_id(self) -> UUID:
        """What names the ledger among all."""
        return self._ledger.ledger_id

    def heads(self) -> list[Head]:
        """Give the end of every partition's log."""
        return self._ledger.heads()

    def chains(self, places: Iterable[tuple[int, int]]) -> list[tuple[int, int, bytes | None]]:
        """Give the chains at some (partition, position); None where there is none."""
        return self._ledger.chains(places)

    def heads_answer(self, places: Iterable[tuple[int, int]] = ()) -> HeadsAnswer:
        """Give the heads, and the chains at some places, as a service tells of them."""
        held = [
            HeldAt(partition, position, None if chain is None else chain.hex())
            for partition, position, chain in self.chains(places)
        ]
        heads = [checkpoint.Place(head.partition, head.position, head.chain.hex()) for head in self.heads()]
        return HeadsAnswer(self.ledger_id, heads, held)


def _meant(
    found: Referred, call: int | None, submitted: int | None, tick: str | None
) -> tuple[Place, Basis, int | None]:
    if found.number is not None and (call or submitted or tick):
        raise UnknownContext("The reference names a context by itself: leave --call, --submitted and --tick out.")
    if submitted is not None:
        return found.place, "submitted", submitted
    return found.place, found.basis, call or found.number
