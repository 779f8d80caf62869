"""The recorder: takes deliveries, facts and commands, and writes each once, whatever crashes, repeats or races."""

from collections.abc import Sequence

from msgspec import Struct, field

from domain.decider import decide, observe
from domain.entries import Revision
from domain.errors import HeartlineError
from domain.events import EntriesRecorded, TextsRecorded, encode
from domain.keys import stream_id
from infrastructure.ledger.appending import Append, Group
from infrastructure.ledger.errors import AppendRefused, DatabaseRefused, DatabaseUnavailable, StreamMoved
from infrastructure.ledger.ledger import Ledger, delivery_key
from infrastructure.recorder.contents import Keep, whole
from infrastructure.recorder.deliveries import Delivery, DeliveryConflict, Part, Recorded, Written
from infrastructure.recorder.engines import Engines

MOST_TRIES = 20
"""How often a decision is made anew when other writers append to the same stream meanwhile."""

GROUP_BYTES = 8 * 1024 * 1024
"""How much is sent to the database in one call, about."""

UNDECIDED = (StreamMoved, DatabaseRefused)
"""Why a delivery could not be looked at well enough to be refused: the same one may be recorded later."""

Stream = tuple[str, str]
"""Gateway and engine key."""


class _Draft(Struct, frozen=True):
    index: int
    partition: int
    append: Append
    size: int


class _Concluded(Struct, frozen=True):
    """What was concluded of a delivery without writing anything, from a stream's state at a version: it holds only if
    that state did.
    """

    index: int
    stream: Stream
    version: int
    recorded: Recorded


class _Known(Struct, frozen=True):
    """What the ledger knows of the deliveries of a batch: fingerprints by delivery, and what was written by engine."""

    fingerprints: dict[bytes, bytes]
    written: dict[tuple[bytes, str], Written]


class _Round(Struct):
    """What was decided since something was last written."""

    drafts: list[_Draft] = field(default_factory=list)
    concluded: list[_Concluded] = field(default_factory=list)
    followers: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0


class _Batch:
    """A batch that is being recorded: what became of each delivery so far."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self.deliveries = deliveries
        self.keys = [
            None if one.delivery_id is None else delivery_key(one.gateway, one.delivery_id) for one in deliveries
        ]
        self.answers: dict[int, Recorded] = {}
        self.written: dict[int, list[Written]] = {}

    def unwritten(self, indexes: Sequence[int]) -> list[int]:
        """Give those that are not recorded. One that has an id may be in part, and loses nothing by another try."""
        return [
            index
            for index in indexes
            if index not in self.answers and (index not in self.written or self.keys[index] is not None)
        ]

    def recorded(self) -> list[Recorded]:
        """Say what became of each, in however many tries."""
        return [self._recorded(index) for index in range(len(self.deliveries))]

    def _recorded(self, index: int) -> Recorded:
        answer, written = self.answers.get(index), self.written.get(index)
        if written and (answer is None or answer.outcome != "rejected"):
            return Recorded("recorded", tuple(written))
        return self.answers[index]


class Recorder:
    """Records deliveries into a ledger, in order, a batch at a time."""

    def __init__(self, ledger: Ledger, keep: Keep = whole) -> None:
        """Record into a ledger, which keeps of each new message or text what `keep` leaves of it."""
        self._ledger = ledger
        self._keep = keep
        self._engines = Engines(ledger, keep)

    def record(self, deliveries: Sequence[Delivery]) -> list[Recorded]:
        """Record a batch as `record_each` does, of which all must be.

        Raises:
            StreamMoved: other writers kept appending to one of the streams.
            DatabaseUnavailable: the database went away.
            DatabaseRefused: it could not do it.
        """
        answers = self.record_each(deliveries)
        for answer in answers:
            if isinstance(answer.error, UNDECIDED):
                raise answer.error
        return answers

    def record_each(self, deliveries: Sequence[Delivery]) -> list[Recorded]:
        """Record a batch; what is answered is durable, also that something is refused or was written before.

        What is refused concerns its own delivery only: what the ledger can't hold (AppendRefused), and a stream to
        which other writers kept appending (StreamMoved). What the database could not do (DatabaseRefused) concerns all
        that was not written yet. A batch that failed half-way is completed by recording it again.

        Raises:
            DatabaseUnavailable: the database went away.
        """
        batch = _Batch(deliveries)
        everything = range(len(deliveries))
        try:
            self._record(batch, everything)
        except AppendRefused:  # by one of them: who that is shows where each is written alone
            for index in batch.unwritten(everything):
                self._record_alone(batch, index)
        except DatabaseRefused as error:
            for index in batch.unwritten(everything):
                batch.answers[index] = Recorded("rejected", error=error)
        self._engines.trim()
        return batch.recorded()

    def _record_alone(self, batch: _Batch, index: int) -> None:
        try:
            self._record(batch, [index])
        except (AppendRefused, DatabaseRefused) as error:
            batch.answers[index] = Recorded("rejected", error=error)

    def _record(self, batch: _Batch, indexes: Sequence[int]) -> None:
        """Try to record some deliveries until each is answered."""
        waiting = indexes
        try:
            for _try in range(MOST_TRIES):
                waiting = self._attempt(batch, waiting)
                if not waiting:
                    return
        except BaseException:
            self._engines = Engines(self._ledger, self._keep)  # states in hand may be ahead of their streams
            raise
        for index in waiting:
            key = batch.deliveries[index].parts[0].engine_key
            moved = StreamMoved(
                f"Other writers kept appending to {key}, and {len(waiting)} deliveries waited: try again."
            )
            batch.answers[index] = Recorded("rejected", error=moved)

    def _attempt(self, batch: _Batch, waiting: Sequence[int]) -> list[int]:
        """Try to record what is waiting; give what must be tried again, because a stream had moved on."""
        known = self._known(batch, waiting)
        origins: dict[bytes, int] = {}
        pending = _Round()
        again: set[int] = set()
        for done, index in enumerate(waiting):
            delivery, key = batch.deliveries[index], batch.keys[index]
            if key is not None and known.fingerprints.get(key, delivery.fingerprint) != delivery.fingerprint:
                batch.answers[index] = Recorded("rejected", error=DeliveryConflict(delivery.delivery_id or ""))
                continue
            if key is not None and key in origins:
                pending.followers.append((index, origins[key]))
                continue
            if pending.size > GROUP_BYTES or (delivery.owned and self._must_be_written(pending, delivery)):
                again = self._write(pending, batch)
                if again:  # what follows may have been decided on states that never came to be
                    return sorted(again | set(waiting[done:]))
                pending = _Round()
            self._take(index, batch, known, pending)
            if key is not None and pending.drafts and pending.drafts[-1].index == index:
                origins[key] = index
                known.fingerprints[key] = delivery.fingerprint
        return sorted(self._write(pending, batch))

    def _known(self, batch: _Batch, waiting: Sequence[int]) -> _Known:
        """Ask the ledger which of the waiting deliveries were made before."""
        wanted: set[tuple[int, bytes]] = set()
        anywhere: set[bytes] = set()  # another content under an id that its source gave may lie in any stream
        engines: dict[tuple[bytes, bytes], str] = {}
        for index in waiting:
            delivery, key = batch.deliveries[index], batch.keys[index]
            if key is None:
                continue
            for part in delivery.parts:
                engines[key, stream_id(delivery.gateway, part.engine_key).bytes] = part.engine_key
                if not delivery.named:
                    wanted.add((self._ledger.partition_of(delivery.gateway, part.engine_key), key))
            if delivery.named:
                anywhere.add(key)
        known = _Known({}, {})
        found = self._ledger.deliveries(wanted) if wanted else []
        found += self._ledger.deliveries_anywhere(anywhere) if anywhere else []
        for one in found:
            engine_key = engines.get((one.delivery, one.stream.bytes))
            known.fingerprints[one.delivery] = one.fingerprint
            if engine_key is not None:
                known.written[one.delivery, engine_key] = Written(engine_key, one.first_version, one.last_version)
        return known

    def _must_be_written(self, pending: _Round, delivery: Delivery) -> bool:
        """Say whether a command of our own has to wait until what is pending for its stream is in the ledger."""
        part = delivery.parts[0]
        if not part.reads and not self._engines.lacks_transcript(delivery.gateway, part.engine_key):
            return False
        return any(
            (one.append.gateway, one.append.engine_key) == (delivery.gateway, part.engine_key) for one in pending.drafts
        )

    def _take(self, index: int, batch: _Batch, known: _Known, pending: _Round) -> None:
        """Decide what a delivery comes to, for each engine to which it was not written before."""
        delivery, key = batch.deliveries[index], batch.keys[index]
        before = [found for part in delivery.parts if key and (found := known.written.get((key, part.engine_key)))]
        there = {one.engine_key for one in before}
        recorded = Recorded("duplicate", tuple(before))
        drafts: list[_Draft] = []
        try:
            for part in delivery.parts:
                if part.engine_key not in there:
                    drafts += self._draft(index, delivery, part, key)
        except (DatabaseUnavailable, DatabaseRefused):  # which says nothing about the delivery
            raise
        except HeartlineError as error:
            for draft in drafts:
                self._engines.forget(draft.append.gateway, draft.append.engine_key)
            drafts, recorded = [], Recorded("rejected", error=error)
        if drafts:
            pending.drafts += drafts
            pending.size += sum(draft.size for draft in drafts)
        elif delivery.owned and not before:
            stream = (delivery.gateway, delivery.parts[0].engine_key)
            version = self._engines.get(*stream).engine.version
            pending.concluded.append(_Concluded(index, stream, version, recorded))
        else:
            batch.answers[index] = recorded

    def _draft(self, index: int, delivery: Delivery, part: Part, key: bytes | None) -> list[_Draft]:
        """Decide what a delivery comes to for one engine, whose state in hand moves on."""
        gateway, engine_key = delivery.gateway, part.engine_key
        owned = part.authority == "owned"
        loaded = self._engines.get(gateway, engine_key, owned=owned)
        before = loaded.state
        expected = loaded.engine.version
        events: list[tuple[str, bytes]] = []
        revisions: list[Revision] = []
        try:
            for command in part.commands(loaded):
                state = loaded.engine
                for event in decide(state, command) if owned else observe(state, command, engine_key):
                    loaded.move(event)
                    events.append((type(event).__name__, encode(event)))
                    if isinstance(event, EntriesRecorded | TextsRecorded):
                        revisions += event.revisions
        except HeartlineError:
            loaded.go_back(before)
            raise
        if not events:
            loaded.contents.give_back()
            return []
        contents = loaded.contents.recorded(revisions)
        append = Append(
            gateway=gateway,
            engine_key=engine_key,
            stream=stream_id(gateway, engine_key),
            events=events,
            expected=expected,
            delivery=key,
            fingerprint=None if key is None else delivery.fingerprint,
            contents=contents,
        )
        size = sum(len(payload) for _kind, payload in events) + sum(len(content.data or b"") for content in contents)
        return [_Draft(index, self._ledger.partition_of(gateway, engine_key), append, size)]

    def _write(self, pending: _Round, batch: _Batch) -> set[int]:
        """Write drafts in one transaction, and note what was; give the deliveries that must be tried again."""
        drafts: dict[int, list[_Draft]] = {}
        for draft in pending.drafts:
            drafts.setdefault(draft.partition, []).append(draft)
        groups = [Group(partition, [draft.append for draft in some]) for partition, some in drafts.items()]
        failed: set[int] = set()
        held: dict[Stream, bool] = {}
        answered = self._ledger.append_groups(groups) if groups else []
        for some, answers in zip(drafts.values(), answered, strict=True):
            for draft, answer in zip(some, answers, strict=True):
                append = draft.append
                stream = (append.gateway, append.engine_key)
                if answer.outcome == "appended":
                    first = (answer.first_version or 0, answer.last_version or 0, answer.first_position)
                    batch.written.setdefault(draft.index, []).append(Written(append.engine_key, *first, append.events))
                    held.setdefault(stream, True)
                else:
                    self._engines.forget(*stream)
                    failed.add(draft.index)
                    held[stream] = False
        return failed | self._conclude(pending, batch, failed, held)

    def _conclude(self, pending: _Round, batch: _Batch, failed: set[int], held: dict[Stream, bool]) -> set[int]:
        """Let stand what was concluded from states that held, and give the rest.

        An append to the stream that was made proves the state that it expected; without one the ledger is asked.
        """
        again: set[int] = set()
        for one in pending.concluded:
            if one.stream not in held:
                held[one.stream] = (self._ledger.version(*one.stream) or 0) == one.version
                if not held[one.stream]:
                    self._engines.forget(*one.stream)
            if held[one.stream]:
                batch.answers[one.index] = one.recorded
            else:
                again.add(one.index)
        for index, origin in pending.followers:
            if origin in failed:
                again.add(index)
            else:
                batch.answers[index] = Recorded("duplicate", tuple(batch.written.get(origin, ())))
        return again
