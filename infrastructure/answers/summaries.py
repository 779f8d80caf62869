"""Answers about summaries: what a compaction wrote, beside the entries that it replaced, and back from an entry."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from domain.context import Context
from domain.entries import TEXTS, Reference, estimated_tokens
from infrastructure.answers.compactions import (
    CompactionAnswer,
    CompactionFound,
    compaction_answer,
    compactions_found,
)
from infrastructure.answers.contexts import find_context, revisions_of
from infrastructure.answers.errors import UnknownCompaction
from infrastructure.answers.library import Library, Place
from infrastructure.answers.objects import Json
from infrastructure.answers.texts import told
from projections.ranges import pairs


class SummaryText(Struct, frozen=True):
    """A summary's text; None where it was erased or never kept, as are its tokens."""

    text: str | None
    tokens: int | None
    tokens_basis: str
    evidence: str


class ReplacedEntry(Struct, frozen=True):
    """An entry that a summary replaced, in the byte form that the last context before it held (or, where none did, that
    was delivered last). `index` counts them from 0. `text` is None, and `message` null, where the content was erased or
    never kept.
    """

    index: int
    role: str
    entry: int
    revision: int
    tokens: int
    tokens_basis: str
    evidence: str
    text: str | None
    tool_calls: list[str]
    message: Json


class SummaryAnswer(Struct, frozen=True):
    """A compaction, one of `compactions` of its engine, its summary, and what that replaced.

    `summary` is None where none is on record, `replaced` where it can't be told; `absent` names what is not on record.
    """

    compaction: CompactionAnswer
    compactions: int
    summary: SummaryText | None
    replaced: list[ReplacedEntry] | None
    replaced_tokens: int | None
    tokens_basis: str
    absent: list[str]


def summary_answer(library: Library, place: Place, number: int | None) -> SummaryAnswer:
    """Give the summary of a compaction, by default of the last.

    Raises:
        UnknownCompaction: there is none.
    """
    last = _found(library, place, None)
    if last is None:
        raise UnknownCompaction(f"No compaction of {place.engine_key} is on record. `heartline compactions` lists all.")
    found = last if number is None else _found(library, place, min(number, last.number + 1))
    if found is None:
        raise UnknownCompaction(f"{place.engine_key} has no compaction {number}: it has {last.number}.")
    references = _replaced(library, place, found)
    summary = _summary(library, place, found)
    entries, cut = ([], 0) if references is None else _entries(library, place, references)
    return SummaryAnswer(
        compaction=compaction_answer(found),
        compactions=last.number,
        summary=summary,
        replaced=None if references is None else entries,
        replaced_tokens=None if references is None else sum(one.tokens for one in entries),
        tokens_basis="estimated",
        absent=_absent(found, summary, references, entries, cut),
    )


def replacing_answers(library: Library, place: Place, entry: int) -> list[CompactionAnswer]:
    """Give the compactions of a stream whose summaries replaced an entry, in their order."""
    found = compactions_found(library, "compactions/replacing", {**place.parameters, "entry": entry})
    return [
        compaction_answer(one)
        for one in found
        if one.replaced is not None or entry in {each.entry for each in _replaced(library, place, one) or ()}
    ]


def _found(library: Library, place: Place, number: int | None) -> CompactionFound | None:
    found = compactions_found(library, "compactions/find", {**place.parameters, "number": number})
    return found[0] if found else None


def _summary(library: Library, place: Place, found: CompactionFound) -> SummaryText | None:
    if found.summary is None:
        return None
    reference = Reference(TEXTS, found.summary)
    content = told(library.ledger.content(place.gateway, place.engine_key, [reference])[reference])
    tokens = None if content.text is None else estimated_tokens(len(content.text))
    return SummaryText(content.text, tokens, "estimated", content.evidence)


def _replaced(library: Library, place: Place, found: CompactionFound) -> list[Reference] | None:
    """Give what a summary replaced, exactly: the projection tells it only where it is few ranges.

    What stood in the context before comes first, in its order; each entry comes once.
    """
    if found.outcome != "compacted":
        return None if found.outcome == "started" else []
    before = _context(library, place, found.context_before)
    if found.summary_entry is not None and found.replaced is not None:
        return _given_up(library, place, found, before or ())
    after = _context(library, place, found.context_after)
    if before is None or after is None:
        return None
    left = {one.entry for one in after}
    return list(_once(one for one in before if one.entry not in left).values())


def _given_up(library: Library, place: Place, found: CompactionFound, before: Context) -> list[Reference]:
    """Give what an engine of our own replaced, whether its contexts held it or not."""
    numbers = [entry for first, last in pairs(tuple(found.replaced or ())) for entry in range(first, last + 1)]
    wanted: dict[str, Any] = {**place.parameters, "entries": numbers, "version": found.ended_version}
    delivered = [Reference(*row) for row in library.rows("origins/delivered_forms", wanted)]
    entries = {one.entry for one in delivered}
    stood = _once(one for one in before if one.entry in entries)
    return [*stood.values(), *(one for one in delivered if one.entry not in stood)]


def _once(references: Iterable[Reference]) -> dict[int, Reference]:
    """Give each entry once, in the form in which it comes first."""
    found: dict[int, Reference] = {}
    for one in references:
        found.setdefault(one.entry, one)
    return found


def _context(library: Library, place: Place, number: int | None) -> Context | None:
    return None if number is None else find_context(library, place, "assembled", number, None).context


def _entries(library: Library, place: Place, references: list[Reference]) -> tuple[list[ReplacedEntry], int]:
    """Give the entries, and how many of them their source cut."""
    contents = library.ledger.content(place.gateway, place.engine_key, references)
    revisions, _asked = revisions_of(library, place, references, contents)
    entries: list[ReplacedEntry] = []
    for index, reference in enumerate(references):
        revision, content = revisions[reference], told(contents[reference])
        entries.append(
            ReplacedEntry(
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
            )
        )
    return entries, sum(revisions[one].truncated for one in references)


def _absent(
    found: CompactionFound,
    summary: SummaryText | None,
    references: list[Reference] | None,
    entries: list[ReplacedEntry],
    cut: int,
) -> list[str]:
    """Name what is not on record, so that it doesn't look as if it had not been."""
    absent: list[str] = []
    if found.outcome == "started":
        absent.append("end of the compaction")
    if found.outcome == "compacted" and summary is None:
        absent.append("summary")
    if summary is not None and summary.text is None:
        absent.append("text of the summary, which was erased or never kept")
    if found.outcome == "compacted" and references is None:
        contexts = (("before", found.context_before), ("after", found.context_after))
        absent += [f"context {side} the compaction" for side, number in contexts if number is None]
    gone = sum(one.text is None for one in entries)
    if gone:
        absent.append(f"texts of {gone} entries that were erased or never kept")
    if cut:
        absent.append(f"texts of {cut} entries that their source cut")
    return absent
