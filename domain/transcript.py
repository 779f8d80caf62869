"""The live transcript of an engine of our own: what its next context can be made of, as a fold over its events.

It is kept beside the engine's state and folded for owned engines only: an engine that is merely observed assembles by
itself, and its recorder would carry all this for nothing.

Entries have *places* 1, 2, … in the order in which they were first delivered. A **segment** is what a context holds
whole or not at all: a turn, or several that a tool call and its late result tie together.
"""

from collections.abc import Iterable, Iterator
from functools import reduce

from msgspec import Struct, field
from msgspec.structs import replace

from domain import events as fact
from domain.entries import COMPACT, Reference, Revision
from domain.growing import GrowingMap, LatestMap

USER, TOOL_RESULT = "user", "toolResult"
"""The roles that say where a turn begins and what must not be parted."""


class Line(Struct, frozen=True):
    """An entry at its place. `begins` says that a turn begins with it; `answers` is the place of the tool call whose
    result it is.
    """

    entry: int
    role: str
    begins: bool
    answers: int | None


class Form(Struct, frozen=True):
    """What matters of one byte form of an entry; `answers` is the id of the tool call whose result it is, or empty."""

    role: str
    tokens: int
    calls: tuple[str, ...]
    answers: str


class Item(Struct, frozen=True):
    """An entry as a context would hold it: in the byte form that was delivered last. Tokens are estimated."""

    entry: int
    revision: int
    role: str
    tokens: int

    @property
    def reference(self) -> Reference:
        """Which entry and which of its byte forms this is."""
        return Reference(self.entry, self.revision)


class Segment(Struct, frozen=True):
    """The places from `first` to `last`, which hold so many turns and estimated tokens."""

    first: int
    last: int
    turns: int
    tokens: int


class Transcript(Struct, frozen=True, kw_only=True):
    """What was delivered, and how much of it is live: the places from `first` on, behind the latest summary.

    `tokens` and `turns` count what is live, without the summary. `settled` is the last place at the end of the last
    turn or attempt, `turn_id` and `opened` are of the turn that is open: its name, and its first place.
    """

    lines: GrowingMap[int, Line] = field(default_factory=GrowingMap[int, Line])
    places: GrowingMap[int, int] = field(default_factory=GrowingMap[int, int])
    forms: GrowingMap[Reference, Form] = field(default_factory=GrowingMap[Reference, Form])
    current: LatestMap[int, int] = field(default_factory=LatestMap[int, int])
    calls: LatestMap[str, int] = field(default_factory=LatestMap[str, int])
    first: int = 1
    tokens: int = 0
    turns: int = 0
    summary: Item | None = None
    settled: int = 0
    turn_id: str | None = None
    opened: int | None = None

    @property
    def last(self) -> int:
        """The place of the entry that was delivered last; 0 where there is none."""
        return len(self.lines)

    @property
    def unsettled(self) -> int:
        """The first place that the next context must hold; one more than the last where it must hold none.

        That is the turn which is open: what was delivered since it was opened, and the user's messages before that to
        which nobody has answered. Where none is open yet, it is such messages since the last turn or attempt ended.
        """
        return _unanswered(self) if self.opened is None else max(self.opened, self.first)

    def item(self, place: int) -> Item:
        """Give the entry at a place."""
        line = self.lines[place]
        revision = self.current.get(line.entry) or 1
        return Item(line.entry, revision, line.role, self.forms[Reference(line.entry, revision)].tokens)

    def items(self, first: int, last: int) -> tuple[Item, ...]:
        """Give the entries from one place to another."""
        return tuple(self.item(place) for place in range(first, last + 1))

    def segments(self) -> Iterator[Segment]:
        """Give what is live in parts that must not be parted, the newest first; stop when you have enough."""
        last, turns, tokens = self.last, 0, 0
        reach = last + 1
        for place in range(last, self.first - 1, -1):
            line = self.lines[place]
            if line.answers is not None and line.answers >= self.first:
                reach = min(reach, line.answers)
            turns += line.begins
            tokens += self.item(place).tokens
            if place == self.first or (line.begins and reach >= place):
                yield Segment(place, last, turns, tokens)
                last, turns, tokens = place - 1, 0, 0


NOTHING = Transcript()
"""Every transcript before the first event."""


def follow(transcript: Transcript, event: fact.Event) -> Transcript:
    """Give the transcript after an event. Total: any event can follow any other."""
    match event:
        case fact.EntriesRecorded():
            return _recorded(transcript, event)
        case fact.ContextAssembled(turn_id=turn_id) if turn_id != transcript.turn_id:
            return replace(transcript, turn_id=turn_id, opened=_unanswered(transcript))
        case fact.TurnCommitted(late=False) | fact.TurnFailed():
            return replace(transcript, turn_id=None, opened=None, settled=transcript.last)
        case fact.CompactionCompleted(compacted=True, summary_entry=int(entry), kept_from=int(kept)):
            return _compacted(transcript, Reference(entry, 1), kept)
        case _:
            return transcript


def fold(events: Iterable[fact.Event], transcript: Transcript = NOTHING) -> Transcript:
    """Give the transcript after all these events."""
    return reduce(follow, events, transcript)


def _unanswered(transcript: Transcript) -> int:
    """Give the first place of the user's messages at the end to which nobody has answered yet."""
    place, least = transcript.last, max(transcript.first, transcript.settled + 1)
    while place >= least and transcript.lines[place].role == USER:
        place -= 1
    return place + 1


def _recorded(transcript: Transcript, event: fact.EntriesRecorded) -> Transcript:
    forms = transcript.forms.adding((one.reference, _form(one)) for one in event.revisions)
    transcript = replace(transcript, forms=forms)
    if event.sighted != "delivered" or event.method == COMPACT:
        return transcript
    for entry, revision in (*(one.reference for one in event.revisions), *event.again):
        transcript = _delivered(transcript, Reference(entry, revision))
    return transcript


def _form(revision: Revision) -> Form:
    answers = revision.discriminator if revision.role == TOOL_RESULT else ""
    return Form(revision.role, revision.tokens, revision.calls, answers)


def _delivered(transcript: Transcript, reference: Reference) -> Transcript:
    """Take one byte form of an entry that was delivered: at a new place, or instead of the form that was there."""
    form = transcript.forms.get(reference)
    if form is None:
        return transcript  # of a stream that is damaged: nothing is known of it
    entry, place = reference.entry, transcript.places.get(reference.entry)
    if place is None:
        return _placed(transcript, entry, reference.revision, form)
    known = Reference(entry, transcript.current.get(entry) or 1)
    if known == reference:
        return transcript
    before = transcript.forms[known]
    made = [call for call in form.calls if call not in before.calls]
    return replace(
        transcript,
        current=transcript.current.setting(entry, reference.revision),
        calls=_called(transcript.calls, made, place),
        tokens=transcript.tokens + (form.tokens - before.tokens if place >= transcript.first else 0),
    )


def _placed(transcript: Transcript, entry: int, revision: int, form: Form) -> Transcript:
    place = transcript.last + 1
    begins = place == transcript.first or (
        transcript.lines[place - 1].role != USER and (form.role == USER or place == transcript.settled + 1)
    )
    answers = transcript.calls.get(form.answers) if form.answers else None
    return replace(
        transcript,
        lines=transcript.lines.adding([(place, Line(entry, form.role, begins, answers))]),
        places=transcript.places.adding([(entry, place)]),
        current=transcript.current.setting(entry, revision),
        calls=_called(transcript.calls, form.calls, place),
        tokens=transcript.tokens + form.tokens,
        turns=transcript.turns + begins,
    )


def _called(calls: LatestMap[str, int], made: Iterable[str], place: int) -> LatestMap[str, int]:
    """Note that these calls were made at this place: a result answers the call of its id that was made last."""
    return reduce(lambda known, call: known.setting(call, place), made, calls)


def _compacted(transcript: Transcript, summary: Reference, kept: int) -> Transcript:
    form = transcript.forms.get(summary)
    if form is None:
        return transcript
    place = transcript.places.get(kept)
    first = max(transcript.first, transcript.last + 1 if place is None else place)
    replaced = range(transcript.first, first)
    return replace(
        transcript,
        first=first,
        tokens=transcript.tokens - sum(transcript.item(place).tokens for place in replaced),
        turns=transcript.turns - sum(transcript.lines[place].begins for place in replaced),
        summary=Item(summary.entry, summary.revision, form.role, form.tokens),
    )
