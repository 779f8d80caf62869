"""The recorder: takes deliveries of observed facts and writes each once, whatever crashes, repeats or races."""

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

from domain.commands import Command
from domain.decider import observe
from domain.engine import evolve
from domain.errors import HeartlineError
from domain.events import EntriesRecorded, TextsRecorded, encode
from domain.keys import stream_id
from infrastructure.ledger.appending import Append, Content
from infrastructure.ledger.errors import StreamMoved
from infrastructure.ledger.ledger import Ledger, delivery_key
from infrastructure.recorder.contents import Contents
from infrastructure.recorder.engines import Engines

Fate = Literal["recorded", "duplicate", "mismatch", "rejected"]
"""What became of a delivery: written; written before; its id was used before for other content; not readable."""

MISMATCH = "delivery-conflict: the id `{id}` was delivered before with other content"

MOST_TRIES = 20
"""How often a decision is made anew when other writers append to the same stream meanwhile."""

GROUP_BYTES = 8 * 1024 * 1024
"""How much is sent to the database in one call, about."""


class Part(Struct, frozen=True):
    """What a delivery says about one engine.

    `commands` is asked for the facts once the engine's contents are in hand; any HeartlineError of it rejects the
    delivery.
    """

    engine_key: str
    commands: Callable[[Contents], Sequence[Command]]


class Delivery(Struct, frozen=True):
    """One observed call.

    `fingerprint` (32 bytes) is of what was delivered; `named` says that the source gave the id.
    """

    gateway: str
    delivery_id: str
    fingerprint: bytes
    parts: Sequence[Part]
    named: bool = False


class Recorded(Struct, frozen=True):
    """What became of a delivery: how many events were written for it, to which engines, or why it was rejected."""

    fate: Fate
    events: int = 0
    engine_keys: tuple[str, ...] = ()
    reason: str = ""


class _Draft(Struct, frozen=True):
    index: int
    partition: int
    append: Append
    size: int


class Recorder:
    """Records deliveries into a ledger, in order, a batch at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._engines = Engines(ledger)

    def record(self, deliveries: Sequence[Delivery]) -> list[Recorded]:
        """Record a batch; what is answered is durable. A batch that failed half-way is completed by recording it again.

        Raises:
            StreamMoved: other writers kept appending to one of the streams.
            DatabaseUnavailable: the database went away.
        """
        refused: dict[int, Recorded] = {}
        written: dict[int, list[Append]] = {}
        waiting: Sequence[int] = range(len(deliveries))
        try:
            for _try in range(MOST_TRIES):
                waiting = self._attempt(deliveries, waiting, refused, written)
                if not waiting:
                    self._engines.trim()
                    return [refused.get(n) or _recorded(written.get(n, ())) for n in range(len(deliveries))]
        except BaseException:
            self._engines = Engines(self._ledger)  # states in hand may be ahead of their streams
            raise
        key = deliveries[waiting[0]].parts[0].engine_key
        raise StreamMoved(f"Other writers kept appending to {key}, and {len(waiting)} deliveries waited: try again.")

    def _attempt(
        self,
        deliveries: Sequence[Delivery],
        waiting: Sequence[int],
        refused: dict[int, Recorded],
        written: dict[int, list[Append]],
    ) -> list[int]:
        """Try to record what is waiting; give what must be tried again, because a stream had moved on."""
        known = self._known([deliveries[index] for index in waiting])
        fingerprints = {key: fingerprint for (key, _engine_key), fingerprint in known.items()}
        drafts: list[_Draft] = []
        size = 0
        for done, index in enumerate(waiting):
            delivery = deliveries[index]
            key = delivery_key(delivery.gateway, delivery.delivery_id)
            if fingerprints.get(key, delivery.fingerprint) != delivery.fingerprint:
                refused[index] = Recorded("mismatch", reason=MISMATCH.format(id=delivery.delivery_id))
                continue
            try:
                made = [
                    draft
                    for part in delivery.parts
                    if (key, part.engine_key) not in known
                    for draft in self._draft(index, delivery, part, key)
                ]
            except HeartlineError as error:
                refused[index] = Recorded("rejected", reason=str(error))
                continue
            fingerprints[key] = delivery.fingerprint
            known.update({(key, part.engine_key): delivery.fingerprint for part in delivery.parts})
            drafts += made
            size += sum(draft.size for draft in made)
            if size > GROUP_BYTES:
                failed = self._write(drafts, written)
                if failed:  # what follows may have been decided on states that never came to be
                    return sorted(failed | set(waiting[done + 1 :]))
                drafts, size = [], 0
        return sorted(self._write(drafts, written))

    def _known(self, deliveries: Sequence[Delivery]) -> dict[tuple[bytes, str], bytes]:
        """Give the fingerprints of what was delivered before, by delivery and engine."""
        wanted: set[tuple[int, bytes]] = set()
        engines: dict[tuple[bytes, bytes], str] = {}
        for one in deliveries:
            key = delivery_key(one.gateway, one.delivery_id)
            for part in one.parts:
                wanted.add((self._ledger.partition_of(one.gateway, part.engine_key), key))
                engines[key, stream_id(one.gateway, part.engine_key).bytes] = part.engine_key
            if one.named:  # another content under this id may lie in any stream
                wanted.update((partition, key) for partition in range(self._ledger.partitions))
        found = self._ledger.deliveries(wanted)
        return {(one.delivery, engines.get((one.delivery, one.stream.bytes), "")): one.fingerprint for one in found}

    def _draft(self, index: int, delivery: Delivery, part: Part, key: bytes) -> list[_Draft]:
        """Decide what a delivery comes to for one engine, whose state in hand moves on."""
        gateway, engine_key = delivery.gateway, part.engine_key
        loaded = self._engines.get(gateway, engine_key)
        before = loaded.engine.version
        events: list[tuple[str, bytes]] = []
        contents: list[Content] = []
        try:
            commands = part.commands(loaded.contents)
        except HeartlineError:
            loaded.contents.give_back()
            raise
        for command in commands:
            for event in observe(loaded.engine, command, engine_key):
                loaded.engine = evolve(loaded.engine, event)
                events.append((type(event).__name__, encode(event)))
                if isinstance(event, EntriesRecorded | TextsRecorded):
                    contents += loaded.contents.recorded(event.revisions)
        if not events:
            return []
        append = Append(
            gateway=gateway,
            engine_key=engine_key,
            stream=stream_id(gateway, engine_key),
            events=events,
            expected=before,
            delivery=key,
            fingerprint=delivery.fingerprint,
            contents=contents,
        )
        size = sum(len(payload) for _kind, payload in events) + sum(len(content.data) for content in contents)
        return [_Draft(index, self._ledger.partition_of(gateway, engine_key), append, size)]

    def _write(self, drafts: Sequence[_Draft], written: dict[int, list[Append]]) -> set[int]:
        """Write drafts, a group for each partition, and note what was; give the deliveries of those that were not."""
        groups: dict[int, list[_Draft]] = {}
        for draft in drafts:
            groups.setdefault(draft.partition, []).append(draft)
        failed: set[int] = set()
        for partition, group in sorted(groups.items()):
            answers = self._ledger.append(partition, [draft.append for draft in group])
            for draft, answer in zip(group, answers, strict=True):
                if answer.outcome == "appended":
                    written.setdefault(draft.index, []).append(draft.append)
                else:
                    self._engines.forget(draft.append.gateway, draft.append.engine_key)
                    failed.add(draft.index)
        return failed


def _recorded(appends: Sequence[Append]) -> Recorded:
    """Say what became of a delivery from what was written for it, in however many tries."""
    if not appends:
        return Recorded("duplicate")
    return Recorded("recorded", sum(len(one.events) for one in appends), tuple(one.engine_key for one in appends))
