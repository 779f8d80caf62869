"""Answers about contexts: what the engine answered or the model received, entry by entry, and where each came from."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from domain.context import Context, Splice, base_number, restore
from domain.entries import COMPACT, TEXTS, Identity, Reference, Revision
from domain.events import (
    Basis,
    ContextAssembled,
    EntriesRecorded,
    PromptSubmitted,
    TurnCommitted,
    TurnFailed,
    decode,
)
from domain.heartbeat import POLL
from domain.keys import kind_of, routing_key_of, tick_id
from domain.origin import Entry
from infrastructure.answers.errors import UnknownContext
from infrastructure.answers.library import Library, Place
from infrastructure.answers.objects import ContextAnswer, DeliveredLater, EntryAnswer, OriginAnswer
from infrastructure.answers.origins import Asked, origins_of
from infrastructure.answers.texts import Told, told
from infrastructure.ledger.ledger import Held

_STAMP = re.compile(r"\A\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d [^\]\n]{1,40}\] ")
"""The time that the host writes before some prompts when it submits them."""


class ContextRecord(Struct, frozen=True):
    """A context with the event that records it."""

    basis: Basis
    number: int
    version: int
    event_id: str
    event: ContextAssembled | PromptSubmitted
    context: Context


def context_answer(library: Library, place: Place, basis: Basis, number: int | None, tick: str | None) -> ContextAnswer:
    """Give a context: the `number`-th of its basis, by default the last; of a tick, the last of its session.

    Raises:
        UnknownContext: there is none.
    """
    record = find_context(library, place, basis, number, tick)
    event = record.event
    entries = _Entries(library, place, record)
    assembled = event if isinstance(event, ContextAssembled) else None
    known = _known_tokens(event)
    return ContextAnswer(
        gateway=place.gateway,
        engine_key=place.engine_key,
        call=record.number if basis == "assembled" else None,
        submitted=record.number if basis == "submitted" else None,
        event_id=record.event_id,
        tick_id=tick_of(place, event.session_id),
        session_id=event.session_id,
        basis=basis,
        digest=event.digest,
        tokens=entries.tokens if known is None else known,
        tokens_basis="estimated",
        budget=None if assembled is None else assembled.budget,
        model=event.model,
        prompt=entries.prompt,
        entries=entries.answer(),
        committed_later=_committed_later(library, place, record),
        absent=_absent(library, place, record, entries),
    )


def _known_tokens(event: ContextAssembled | PromptSubmitted) -> int | None:
    """Give what the event says of a context's tokens; None where the entries have to be added up."""
    if isinstance(event, ContextAssembled):
        return event.tokens
    return None if event.sizes is None else event.sizes.whole


def find_context(library: Library, place: Place, basis: Basis, number: int | None, tick: str | None) -> ContextRecord:
    """Find a context and restore it from at most as many events as its number has bits.

    Raises:
        UnknownContext: there is none.
    """
    if number is None:
        session_id = None if tick is None else session_of(tick, place)
        found = library.rows("contexts/last", {**place.parameters, "basis": basis, "session_id": session_id})
        number = found[0][0]
        if number is None:
            where = f"tick {tick}" if tick else place.engine_key
            raise UnknownContext(f"No {basis} context of {where} is on record. `heartline events` shows what is.")
    numbers = [number]
    while numbers[-1]:
        numbers.append(base_number(numbers[-1]))
    found = library.rows("contexts/find", {**place.parameters, "basis": basis, "numbers": numbers})
    versions = {row[0]: row[1] for row in found}
    if number not in versions:
        raise UnknownContext(
            f"{place.engine_key} has no {basis} context {number}: it has {_count(library, place, basis)}."
        )
    rows = {row.version: row for row in library.ledger.versions(place.gateway, place.engine_key, versions.values())}
    events = {number: decode(rows[version].payload) for number, version in versions.items()}
    row = rows[versions[number]]
    event = events[number]
    if not isinstance(event, ContextAssembled | PromptSubmitted):
        raise UnknownContext(f"Event {row.partition}-{row.position} records no context.")
    context = _restore(number, events)
    return ContextRecord(basis, number, row.version, f"{row.partition}-{row.position}", event, context)


def _restore(number: int, events: dict[int, Any]) -> Context:
    event = events[number]
    base: Context = ()
    if isinstance(event.delta, Splice) and event.delta.base:
        base = _restore(event.delta.base, events)
    return restore(event.delta, base)


def tick_of(place: Place, session_id: str) -> str | None:
    """Name the tick that a session of a heartbeat's engine is; None for other engines."""
    return tick_id(place.routing_key, session_id) if kind_of(place.routing_key) == "heartbeat" else None


def session_of(tick: str, place: Place) -> str:
    """Give the session of a tick id; a bare session id is taken for itself."""
    rest = tick.removeprefix(f"{place.routing_key}@")
    head, mark, tail = rest.rpartition("@")
    return head if mark and tail.isdigit() else rest


def _count(library: Library, place: Place, basis: Basis) -> int:
    found = library.rows("contexts/last", {**place.parameters, "basis": basis, "session_id": None})
    return found[0][0] or 0


class _Entries:
    """The entries of one context, with all that is known of them."""

    def __init__(self, library: Library, place: Place, record: ContextRecord) -> None:
        self._place, self._record = place, record
        references = sorted(set(record.context))
        prompt = [] if record.event.prompt is None else [Reference(TEXTS, record.event.prompt)]
        self._contents = library.ledger.content(place.gateway, place.engine_key, [*references, *prompt])
        self.prompt = told(self._contents[prompt[0]]).text if prompt else None
        self._revisions, asked = revisions_of(library, place, references, self._contents)
        self._origins: dict[int, Entry] = origins_of(library, place, asked)
        self.tokens = sum(self._revisions[one].tokens for one in record.context)
        self.truncated = sum(self._revisions[one].truncated for one in record.context)
        self.redacted = sum(self._contents[one].original is None for one in record.context)

    def answer(self) -> list[EntryAnswer]:
        return [self._entry(index, reference) for index, reference in enumerate(self._record.context)]

    def _entry(self, index: int, reference: Reference) -> EntryAnswer:
        revision = self._revisions[reference]
        content = told(self._contents[reference])
        return EntryAnswer(
            index=index,
            role=revision.role,
            entry=reference.entry,
            revision=reference.revision,
            tokens=revision.tokens,
            tokens_basis="estimated",
            evidence="truncated" if revision.truncated else content.evidence,
            text=content.text,
            tool_calls=list(content.calls),
            message=content.message,
            origin=self._origin(reference, revision, content),
        )

    def _origin(self, reference: Reference, revision: Revision, content: Told) -> OriginAnswer:
        session_id = self._record.event.session_id
        known = self._origins[reference.entry]
        origin = known.origin(session_id)
        isolated = kind_of(self._place.routing_key) == "heartbeat"
        if origin is None:
            own = own_by_nature(revision.identity, content, self.prompt)
            return OriginAnswer(None, None, None, None, foreign=False if own or not isolated else None)
        there = self._place if origin.own_stream else None
        return OriginAnswer(
            engine_key=origin.engine_key,
            version=origin.version,
            session_id=origin.session_id,
            tick_id=origin_tick(origin.engine_key, origin.session_id, there),
            foreign=isolated and origin.session_id != session_id,
        )


def own_by_nature(identity: Identity, content: Told, prompt: str | None) -> bool:
    """Say whether an entry that nobody delivered is this call's own: prompt, heartbeat text, or the host's context."""
    if content.host_context:
        return True
    if identity.role != "user" or content.text is None:
        return False
    return content.text in (prompt, POLL) or _STAMP.sub("", content.text, count=1) in (prompt, POLL)


def origin_tick(engine_key: str, session_id: str, place: Place | None) -> str | None:
    """Name the tick that delivered an entry; None where it was no heartbeat."""
    routing_key = place.routing_key if place else routing_key_of(engine_key)
    return tick_id(routing_key, session_id) if kind_of(routing_key) == "heartbeat" else None


def revisions_of(
    library: Library, place: Place, references: Sequence[Reference], contents: dict[tuple[int, int], Held]
) -> tuple[dict[Reference, Revision], dict[int, Asked]]:
    """Read what the events say of some byte forms of entries, and what to ask about their origin."""
    wanted = {"entries": [one.entry for one in references], "revisions": [one.revision for one in references]}
    found = library.rows("origins/entries", {**place.parameters, **wanted})
    versions = {row[4] for row in found}
    revisions: dict[Reference, Revision] = {}
    for row in library.ledger.versions(place.gateway, place.engine_key, versions):
        event = decode(row.payload)
        if isinstance(event, EntriesRecorded):
            revisions.update({one.reference: one for one in event.revisions})
    equalities: dict[int, set[bytes]] = {}
    for (entry, _revision), held in contents.items():
        if held.equality is not None:
            equalities.setdefault(entry, set()).add(bytes(held.equality))
    asked = {
        entry: Asked(bytes(identity), named, frozenset(equalities.get(entry, ())))
        for entry, _revision, identity, named, _version in found
    }
    return revisions, asked


def _committed_later(library: Library, place: Place, record: ContextRecord) -> list[DeliveredLater]:
    """Give what the session delivered behind this context, up to the end of its turn."""
    session_id = record.event.session_id
    later: list[tuple[Revision, int]] = []
    for row in library.ledger.stream(place.gateway, place.engine_key, after=record.version):
        event = decode(row.payload)
        if getattr(event, "session_id", session_id) != session_id:
            continue
        if isinstance(event, EntriesRecorded) and event.sighted == "delivered" and event.method != COMPACT:
            later += [(revision, row.version) for revision in event.revisions]
        if isinstance(event, TurnCommitted | TurnFailed):
            break
    contents = library.ledger.content(place.gateway, place.engine_key, [one.reference for one, _version in later])
    return [
        DeliveredLater(
            role=one.role,
            entry=one.entry,
            revision=one.revision,
            tokens=one.tokens,
            version=version,
            text=told(contents[one.reference]).text,
        )
        for one, version in later
    ]


def _absent(library: Library, place: Place, record: ContextRecord, entries: _Entries) -> list[str]:
    """Name what is not on record, so that it doesn't look as if it had not been."""
    absent = ["system prompt", "tool definitions"]
    if record.basis == "assembled":
        wanted = {**place.parameters, "basis": "submitted", "session_id": record.event.session_id}
        if library.rows("contexts/last", wanted)[0][0] is None:
            absent.append("submitted context")
    if entries.prompt is None:
        absent.append("prompt")
    if entries.truncated:
        absent.append(f"texts of {entries.truncated} entries that their source cut")
    if entries.redacted:
        absent.append(f"texts of {entries.redacted} entries that are redacted")
    return absent
