"""The questions that there are, whoever answers them: a ledger at hand, or a service elsewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from infrastructure.answers.compactions import CompactionAnswer
from infrastructure.answers.events import Wanted
from infrastructure.answers.listing import USUAL, A, Listing, Page, R, Selection
from infrastructure.answers.objects import (
    Check,
    ContextAnswer,
    EventAnswer,
    FindingAnswer,
    StateAnswer,
    StreamAnswer,
)
from infrastructure.answers.projections import ProjectionAnswer
from infrastructure.answers.search import HitAnswer, SearchPage, Sought
from infrastructure.answers.summaries import SummaryAnswer
from infrastructure.ledger.checkpoint import Witnessed
from infrastructure.ledger.verify import Verification


class Answers(Witnessed, Protocol):
    """Answers questions about one ledger: the same to the same question, wherever the ledger lies.

    Every question may raise what `Library` raises of a stream that is not on record, and that the ledger can't be
    reached. A checkpoint can be taken of it (`append_checkpoint`).
    """

    def streams(self, gateway: str | None = None) -> list[StreamAnswer]:
        """List the streams, of a gateway or of all, in the order in which they began."""
        ...

    def events(self, wanted: Wanted, after: str | None = None, limit: int | None = None) -> Iterator[EventAnswer]:
        """Give the events after a cursor, at most so many, in the order in which they were recorded.

        Raises:
            BadCursor: the cursor does not belong to this ledger's history.
        """
        ...

    def follow(self, wanted: Wanted, after: str | None = None) -> Iterator[EventAnswer]:
        """Give the events after a cursor, and those that come, without an end.

        It begins with the first event of the time that is wanted where there is no cursor, and now where none is.

        Raises:
            BadCursor: the cursor does not belong to this ledger's history.
        """
        ...

    def event(self, event_id: str) -> EventAnswer:
        """Give one event.

        Raises:
            UnknownEvent: there is none of this id.
        """
        ...

    def listed(
        self, listing: Listing[R, A], selection: Selection, after: str | None = None, limit: int = USUAL
    ) -> Page[A]:
        """List those behind a cursor, at most so many, newest first.

        Raises:
            BadCursor: the cursor is none, or of another list or ledger.
            UnknownStream: nothing is on record of the gateway, key or agent that is named.
        """
        ...

    def state(self, engine_key: str, gateway: str | None = None, at: str | None = None) -> StateAnswer:
        """Give an engine's state as of a version or a time; of now if None."""
        ...

    def context(
        self,
        reference: str,
        gateway: str | None = None,
        call: int | None = None,
        submitted: int | None = None,
        tick: str | None = None,
    ) -> ContextAnswer:
        """Give the context that a reference names, or that one of `call`, `submitted` and `tick` names in its stream.

        Raises:
            UnknownContext: there is none.
            WrongUsage: more than one is named.
        """
        ...

    def summary(self, engine_key: str, gateway: str | None = None, number: int | None = None) -> SummaryAnswer:
        """Give the summary of an engine's compaction, by default of the last, and the entries that it replaced.

        Raises:
            UnknownCompaction: there is none.
        """
        ...

    def replacing(self, engine_key: str, entry: int, gateway: str | None = None) -> list[CompactionAnswer]:
        """Give the compactions of an engine whose summaries replaced an entry, in their order."""
        ...

    def search(self, sought: Sought) -> list[HitAnswer]:
        """Give what has the words that are looked for, newest first or by how well it fits.

        Raises:
            UnusableQuery: there is no word to look for.
            BadCursor: it does not go on from this cursor.
            UnknownStream: nothing is on record of the gateway, key or agent that is named.
        """
        ...

    def search_page(self, sought: Sought) -> SearchPage:
        """Give the same, and whether there is more."""
        ...

    def findings(self, gateway: str | None = None) -> list[FindingAnswer]:
        """Audit every heartbeat routing key, of a gateway or of all."""
        ...

    def verification(self, checkpoints: Path | None = None) -> Verification:
        """Verify everything on record; with a file of checkpoints, also against its last.

        Raises:
            CheckpointUnusable: the file can't be read, is damaged or is of another ledger.
        """
        ...

    def projections(self) -> list[ProjectionAnswer]:
        """Say how far every read model is, as it is: nothing is brought up to date for it."""
        ...

    def checks(self) -> list[Check]:
        """Look whether everything is in place where the ledger is."""
        ...
