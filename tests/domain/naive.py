"""The live transcript as one would write it down without a thought for cost: what the fold must agree with."""

from msgspec import Struct, field

from domain import events as fact
from domain.entries import COMPACT, Revision


class Place(Struct):
    entry: int
    role: str
    revision: int
    tokens: int
    calls: tuple[str, ...]
    call: int | None
    first_since_settled: bool


class Naive(Struct):
    places: list[Place] = field(default_factory=list)
    kept: int = 0
    settled: int = 0
    opened: int | None = None
    turn_id: str | None = None
    summary: tuple[int, int] | None = None
    tokens: dict[int, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)

    @property
    def live(self) -> list[int]:
        return list(range(self.kept, len(self.places)))

    @property
    def unanswered(self) -> int:
        first = len(self.places)
        while first > max(self.kept, self.settled) and self.places[first - 1].role == "user":
            first -= 1
        return first

    @property
    def unsettled(self) -> int:
        return self.unanswered if self.opened is None else max(self.opened, self.kept)

    def begins(self, number: int) -> bool:
        if number in (0, self.kept):
            return True
        if self.places[number - 1].role == "user":
            return False
        one = self.places[number]
        return one.role == "user" or one.first_since_settled

    @property
    def segments(self) -> list[tuple[int, ...]]:
        """Numbers of what belongs together, oldest first."""
        starts = {number for number in self.live if self.begins(number)}
        for number in self.live:
            call = self.places[number].call
            if call is not None and call >= self.kept:
                starts -= set(range(call + 1, number + 1))
        groups: list[list[int]] = []
        for number in self.live:
            if number in starts or not groups:
                groups.append([])
            groups[-1].append(number)
        return [tuple(group) for group in groups]


def naive(events: list[fact.Event]) -> Naive:
    it = Naive()
    for event in events:
        match event:
            case fact.EntriesRecorded(method=method, revisions=revisions):
                for one in revisions:
                    it.tokens[one.entry] = one.tokens
                    if method != COMPACT:
                        _deliver(it, one.entry, one)
            case fact.ContextAssembled(turn_id=turn_id) if turn_id != it.turn_id:
                it.turn_id, it.opened = turn_id, it.unanswered
            case fact.TurnCommitted() | fact.TurnFailed():
                it.turn_id, it.opened, it.settled = None, None, len(it.places)
            case fact.CompactionCompleted(compacted=True, summary_entry=int(entry), kept_from=kept):
                it.summary = (entry, it.tokens[entry])
                numbers = [number for number, place in enumerate(it.places) if place.entry == kept]
                it.kept = numbers[0] if numbers else len(it.places)
            case _:
                pass
    return it


def _deliver(it: Naive, entry: int, revision: Revision) -> None:
    known = next((place for place in it.places if place.entry == entry), None)
    if known is None:
        answers = revision.discriminator if revision.role == "toolResult" else ""
        call = it.made.get(answers) if answers else None
        first = len(it.places) == it.settled
        place = Place(entry, revision.role, revision.revision, revision.tokens, revision.calls, call, first)
        it.places.append(place)
        it.made.update({name: len(it.places) - 1 for name in revision.calls})
        return
    it.made.update({name: it.places.index(known) for name in revision.calls if name not in known.calls})
    known.revision, known.tokens, known.calls = revision.revision, revision.tokens, revision.calls
