"""Answers from a service."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from msgspec import json
from msgspec.structs import asdict

from infrastructure.answers.compactions import CompactionAnswer
from infrastructure.answers.events import EVENT_ID, Wanted, no_event
from infrastructure.answers.listing import USUAL, A, Listing, Page, R, Selection, joined, pages
from infrastructure.answers.objects import (
    Check,
    ContextAnswer,
    EventAnswer,
    EventPage,
    FindingAnswer,
    HeadsAnswer,
    StateAnswer,
    StreamAnswer,
)
from infrastructure.answers.projections import ProjectionAnswer
from infrastructure.answers.search import HitAnswer, SearchPage, Sought
from infrastructure.answers.summaries import SummaryAnswer
from infrastructure.ledger.checkpoint import last_checkpoint, written_line
from infrastructure.ledger.ledger import Head
from infrastructure.ledger.verify import Verification
from infrastructure.remote.checks import service_checks
from infrastructure.remote.decoding import decoded
from infrastructure.remote.following import followed
from infrastructure.remote.service import NDJSON, Parameters, RemoteService

PAGE = 1_000
"""The most events that a service answers with at once."""


class RemoteAnswers:
    """Asks a service, which stays the caller's to close. (See `Answers` for the questions.)"""

    def __init__(self, service: RemoteService) -> None:
        self._service = service

    def streams(self, gateway: str | None = None) -> list[StreamAnswer]:
        """List the streams, of a gateway or of all, in the order in which they began."""
        return decoded(self._service.get("/v1/streams", {"gateway": gateway}), list[StreamAnswer])

    def events(self, wanted: Wanted, after: str | None = None, limit: int | None = None) -> Iterator[EventAnswer]:
        """Give the events after a cursor, at most so many, in the order in which they were recorded."""
        given = 0
        while limit is None or given < limit:
            page = self._page(wanted, after, PAGE if limit is None else min(PAGE, limit - given))
            yield from page.events
            given, after = given + len(page.events), page.cursor
            if not page.more:
                return

    def follow(self, wanted: Wanted, after: str | None = None) -> Iterator[EventAnswer]:
        """Give the events after a cursor, and those that come, without an end, through restarts of the service."""
        return followed(self._service, {**_filters(wanted), "after": after})

    def _page(self, wanted: Wanted, after: str | None, limit: int) -> EventPage:
        parameters = {
            **_filters(wanted),
            "until": None if wanted.until is None else _exactly(wanted.until),
            "after": after,
            "limit": limit,
        }
        return decoded(self._service.get("/v1/events", parameters), EventPage)

    def event(self, event_id: str) -> EventAnswer:
        """Give one event."""
        if not EVENT_ID.fullmatch(event_id):
            raise no_event(event_id)  # it could name another path
        return decoded(self._service.get(f"/v1/events/{event_id}"), EventAnswer)

    def listed(
        self, listing: Listing[R, A], selection: Selection, after: str | None = None, limit: int = USUAL
    ) -> Page[A]:
        """List those behind a cursor, at most so many, newest first."""

        def ask(at: str | None, most: int) -> Page[A]:
            parameters = {
                **asdict(selection),
                "since": None if selection.since is None else _exactly(selection.since),
                "until": None if selection.until is None else _exactly(selection.until),
                "after": at,
                "limit": most,
            }
            page: type[Page[A]] = Page[listing.answer]  # type: ignore[name-defined]  # it is known at run time only
            return decoded(self._service.get(f"/v1/{listing.name}", parameters), page)

        return joined(pages(ask, after, limit))

    def state(self, engine_key: str, gateway: str | None = None, at: str | None = None) -> StateAnswer:
        """Give an engine's state as of a version or a time; of now if None."""
        parameters = {"engine_key": engine_key, "gateway": gateway, "at": at}
        return decoded(self._service.get("/v1/state", parameters), StateAnswer)

    def context(
        self,
        reference: str,
        gateway: str | None = None,
        call: int | None = None,
        submitted: int | None = None,
        tick: str | None = None,
    ) -> ContextAnswer:
        """Give the context that a reference names, or one of `call`, `submitted` and `tick` in its stream."""
        parameters = {"reference": reference, "gateway": gateway, "call": call, "submitted": submitted, "tick": tick}
        return decoded(self._service.get("/v1/context", parameters), ContextAnswer)

    def summary(self, engine_key: str, gateway: str | None = None, number: int | None = None) -> SummaryAnswer:
        """Give the summary of an engine's compaction, by default of the last, and the entries that it replaced."""
        parameters: Parameters = {"engine_key": engine_key, "gateway": gateway, "number": number}
        return decoded(self._service.get("/v1/summary", parameters), SummaryAnswer)

    def replacing(self, engine_key: str, entry: int, gateway: str | None = None) -> list[CompactionAnswer]:
        """Give the compactions of an engine whose summaries replaced an entry, in their order."""
        parameters: Parameters = {"engine_key": engine_key, "gateway": gateway, "entry": entry}
        return decoded(self._service.get("/v1/replacements", parameters), list[CompactionAnswer])

    def search(self, sought: Sought) -> list[HitAnswer]:
        """Give what has the words that are looked for, newest first or by how well it fits."""
        return self.search_page(sought).hits

    def search_page(self, sought: Sought) -> SearchPage:
        """Give the same, and whether there is more."""
        parameters = {
            "query": sought.query,
            **dict(sought.filters),
            "since": None if sought.since is None else _exactly(sought.since),
            "until": None if sought.until is None else _exactly(sought.until),
            "after": sought.after,
            "limit": sought.limit,
            "rank": "true" if sought.ranked else None,
        }
        return decoded(self._service.get("/v1/search", parameters), SearchPage)

    def findings(self, gateway: str | None = None) -> list[FindingAnswer]:
        """Audit every heartbeat routing key, of a gateway or of all."""
        return decoded(self._service.get("/v1/findings", {"gateway": gateway}, long=True), list[FindingAnswer])

    def verification(self, checkpoints: Path | None = None) -> Verification:
        """Verify everything on record; with a file of checkpoints, also against its last. The file is checked here."""
        if checkpoints is None:
            return decoded(self._service.get("/v1/verification", long=True), Verification)
        last = last_checkpoint(checkpoints, self.ledger_id, len(self.heads()))
        answer = self._service.post("/v1/verification", written_line(last), media_type=NDJSON, long=True)
        return decoded(answer, Verification)

    def projections(self) -> list[ProjectionAnswer]:
        """Say how far every read model of the service's ledger is, as it is."""
        return decoded(self._service.get("/v1/projections"), list[ProjectionAnswer])

    def checks(self) -> list[Check]:
        """Look whether the service can be used, and what it says of its own place."""
        return service_checks(self._service)

    @property
    def ledger_id(self) -> UUID:
        """What names the service's ledger among all."""
        return self._heads().ledger_id

    def heads(self) -> list[Head]:
        """Give the end of every partition's log."""
        return [Head(one.partition, one.position, bytes.fromhex(one.chain)) for one in self._heads().partitions]

    def chains(self, places: Iterable[tuple[int, int]]) -> list[tuple[int, int, bytes | None]]:
        """Give the chains at some (partition, position); None where there is none."""
        asked = json.encode({"at": [{"partition": partition, "position": position} for partition, position in places]})
        answer = decoded(self._service.post("/v1/heads", asked), HeadsAnswer)
        return [
            (one.partition, one.position, None if one.chain is None else bytes.fromhex(one.chain)) for one in answer.at
        ]

    def _heads(self) -> HeadsAnswer:
        return decoded(self._service.get("/v1/heads"), HeadsAnswer)


def _filters(wanted: Wanted) -> Parameters:
    return {
        "engine_key": wanted.engine_key,
        "gateway": wanted.gateway,
        "type": wanted.types or None,
        "since": None if wanted.since is None else _exactly(wanted.since),
    }


def _exactly(microseconds: int) -> str:
    """Write a time so that nothing of it is lost; one beyond the calendar as its end."""
    try:
        return (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)).isoformat()
    except OverflowError:
        return "9999-12-31T23:59:59.999999+00:00" if microseconds > 0 else "0001-01-01T00:00:00+00:00"
