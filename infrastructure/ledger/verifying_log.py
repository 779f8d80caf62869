"""Verification of one partition's log: every row on its own, and that they follow each other."""

from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from typing import Any
from uuid import UUID

from domain.events import UnreadableEvent, decode
from domain.keys import partition_of, stream_id
from infrastructure.ledger.evidence import leaf_from, place_prefix, prefixed, stream_prefix
from infrastructure.ledger.findings import Findings
from infrastructure.ledger.verifying_content import RECORDING, ContentCheck
from infrastructure.ledger.verifying_types import wrong_type


class KnownStream:
    """What was seen of a stream: its key, its first version, and its last (None where no row told it credibly)."""

    __slots__ = ("engine_key", "first", "gateway", "last", "prefix")

    def __init__(self, first: int, last: int | None) -> None:
        self.gateway = ""
        self.engine_key = ""
        self.prefix = b""
        self.first = first
        self.last = last


class LogCheck:
    """Goes through the rows of one partition in order.

    A row whose leaf does not prove is named, and not believed in what is asked of the rows after it: so one change
    makes few findings, and not one for each row that follows.
    """

    def __init__(self, ledger_id: UUID, partition: int, partitions: int, findings: Findings) -> None:
        self.events = 0
        self.position = 0
        self.chain: bytes = b""
        self._streams: dict[bytes, KnownStream] = {}
        self._place = place_prefix(ledger_id, partition)
        self._partition = partition
        self._partitions = partitions
        self._broken = findings.broken

    def go(self, rows: Iterable[tuple[Any, ...]], content: ContentCheck, chain_wanted_at: int = 0) -> bytes | None:
        """Check all rows; give the chain that stands at a position, None where none does."""
        wanted: bytes | None = None
        kinds: dict[str, bytes] = {}
        expected, append_began, last_at = 1, 1, 0
        chains, complete = [sha256()], True
        chain: bytes | None = b""
        for position, stream, version, gateway, engine_key, kind, recorded_at, payload, leaf, chain in rows:
            self.events += 1
            if position != expected:
                self._out_of_place(expected, position)
                complete = False
            expected = max(position, 0) + 1

            written_kind = kinds.get(kind)
            if written_kind is None:
                written_kind = kinds[kind] = prefixed(kind)
            known = self._streams.get(stream)
            usual = known is not None and known.engine_key == engine_key and known.gateway == gateway
            prefix = known.prefix if known is not None and usual else stream_prefix(gateway, engine_key)
            if leaf_from(self._place, position, prefix, version, written_kind, recorded_at, payload) == leaf:
                if recorded_at < last_at:
                    self._broken(position, "it was recorded before the event before it")
                last_at = recorded_at
                if not usual:
                    known = self._at_home(position, stream, gateway, engine_key, prefix, version)
                if known is not None:
                    self._follows(known, position, version)
                self._check_type(position, stream, kind, payload, content)
            else:
                self._broken(position, "it was changed: its leaf is not that of its fields")
                known = self._streams.setdefault(stream, KnownStream(0, None))
                known.last = None if known.last is None else known.last + 1
                with suppress(UnreadableEvent):
                    content.note(stream, position, decode(payload))

            for one in chains:
                one.update(leaf)
            if chain is not None:
                digests = [one.digest() for one in chains]
                if complete and chain not in digests:
                    self._broken(position, f"the chain does not bind the append from {append_began} to here")
                    chains = [sha256(chain), sha256(digests[-1])]
                else:
                    chains = [sha256(chain)]
                append_began, complete = expected, True
            if position == chain_wanted_at:
                wanted = chain
        self.position = expected - 1
        if chain is None:
            self._broken(self.position, f"the log ends inside an append that began at {append_began}: it was cut off")
        self.chain = chain or b""
        return wanted

    def check_deliveries(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Check that what was delivered is in the log; a delivery without events only stands after a version."""
        for delivery, stream, _fingerprint, first, last in rows:
            known = self._streams.get(stream) or KnownStream(1, 0)
            if known.last is None:
                continue
            if first > last + 1 or last > known.last or (first <= last and first < known.first):
                self._broken(
                    0,
                    f"delivery {delivery.hex()} was recorded as versions {first} to {last} of stream"
                    f" {UUID(bytes=stream)}, which has {known.first} to {known.last}",
                )

    def _out_of_place(self, expected: int, position: int) -> None:
        if position < expected:
            self._broken(position, "positions begin at 1")
        elif position == expected + 1:
            self._broken(expected, "it is missing")
        else:
            self._broken(expected, f"positions {expected} to {position - 1} are missing")

    def _at_home(
        self, position: int, stream: bytes, gateway: str, engine_key: str, prefix: bytes, version: int
    ) -> KnownStream:
        """Check that a key met for the first time belongs to its stream and partition. The leaf vouches for the key."""
        digest_of_key = stream_id(gateway, engine_key).bytes
        if digest_of_key != stream:
            self._broken(position, f"its stream's id is not that of {gateway} {engine_key!r}")
        elif partition_of(gateway, engine_key, self._partitions) != self._partition:
            self._broken(position, f"the stream of {gateway} {engine_key!r} belongs to another partition")
        known = self._streams.get(digest_of_key)
        if known is None:
            known = self._streams[digest_of_key] = KnownStream(version, version - 1)
            if version not in (0, 1):
                self._broken(position, f"its stream begins with version {version}")
        known.gateway, known.engine_key, known.prefix = gateway, engine_key, prefix
        return known

    def _follows(self, known: KnownStream, position: int, version: int) -> None:
        if known.last is not None and version != known.last + 1:
            self._broken(position, f"version {version} of its stream follows version {known.last}")
        known.last = version

    def _check_type(self, position: int, stream: bytes, kind: str, payload: bytes, content: ContentCheck) -> None:
        wrong = wrong_type(kind, payload)
        if wrong is not None:
            self._broken(position, wrong)
        elif kind in RECORDING:
            try:
                content.note(stream, position, decode(payload))
            except UnreadableEvent as error:
                self._broken(position, str(error))
