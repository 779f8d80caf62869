"""Verification of what lies beside one partition's events: it is what the events recorded, or said to be kept of it, or
said to be erased.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from domain.entries import Revision
from domain.events import ContentErased, EntriesRecorded, Event, TextsRecorded
from infrastructure.ledger.findings import Findings

RECORDING = frozenset(one.__name__ for one in (EntriesRecorded, TextsRecorded, ContentErased))
"""The types of events that say something about content."""

_Place = tuple[bytes, int, int]


class _Recorded(NamedTuple):
    """What an event says lies beside it: its digest, empty where nothing does, and whether it is the original."""

    digest: str
    redacted: bool
    position: int


def _recorded(revision: Revision, position: int) -> _Recorded:
    if revision.kept is None:
        return _Recorded(revision.digest, redacted=False, position=position)
    return _Recorded(revision.kept, redacted=True, position=position)


def _named(place: _Place) -> str:
    stream, entry, revision = place
    return f"the content of entry {entry}, revision {revision} of stream {UUID(bytes=stream)}"


class ContentCheck:
    """Collects what the events of a partition say of content, then compares it with what is there."""

    def __init__(self, findings: Findings) -> None:
        self.erased = self.redacted = 0
        self._recorded: dict[_Place, _Recorded] = {}
        self._erased_at: dict[_Place, int] = {}
        self._broken = findings.broken

    def note(self, stream: bytes, position: int, event: Event) -> None:
        """Take in an event."""
        match event:
            case EntriesRecorded() | TextsRecorded():
                for one in event.revisions:
                    place = (stream, one.entry, one.revision)
                    if place in self._recorded:
                        self._broken(position, f"{_named(place)} was recorded before")
                    self._recorded[place] = _recorded(one, position)
            case ContentErased():
                place = (stream, event.entry, event.revision)
                if place not in self._recorded:
                    self._broken(position, f"{_named(place)} was never recorded, and can't have been erased")
                self._erased_at[place] = position
            case _:
                pass

    def compare(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Compare with all content of the partition."""
        for stream, entry, revision, data, salt, equality in rows:
            place = (stream, entry, revision)
            recorded = self._recorded.pop(place, None)
            if recorded is None:
                self._broken(0, f"{_named(place)} is there, and no event recorded it")
                continue
            digest, redacted, position = recorded
            if data is None and salt is None and equality is None:
                self._gone(place, position)
            elif salt is None or equality is None or (data is None and digest):
                self._broken(position, f"{_named(place)} is erased in part only")
            elif place in self._erased_at:
                self._broken(self._erased_at[place], f"{_named(place)} is said to be erased, and is there")
            elif data is not None and not digest:
                self._broken(position, f"{_named(place)} is there, and nothing of it was to be kept")
            elif data is not None and _digest(salt, data) != digest:
                self._broken(position, f"{_named(place)} was changed: its digest is not the one that was recorded")
            else:
                self.redacted += redacted
        for place, recorded in self._recorded.items():
            self._gone(place, recorded.position)

    def _gone(self, place: _Place, position: int) -> None:
        if place in self._erased_at:
            self.erased += 1
        else:
            self._broken(position, f"{_named(place)} is gone, and no event says that it was erased")


def _digest(salt: bytes, data: bytes) -> str:
    digest = sha256(salt)
    digest.update(data)  # without a copy: contents of 10 MB are usual
    return digest.hexdigest()
