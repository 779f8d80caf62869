"""Messages on record, to be searched."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from msgspec import json

from domain.entries import Revision
from domain.events import ContentErased, EntriesRecorded
from infrastructure.answers.library import Library
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.search import HitAnswer, Sought
from infrastructure.ledger.appending import Content
from infrastructure.ledger.ledger import Ledger
from tests.infrastructure.ledger.appends import happened

KEY = "agent:a:main"


def record(ledger: Ledger, messages: Iterable[dict[str, Any]], key: str = KEY, at: int = 1_000_000) -> None:
    """Record messages as the entries 1, 2, … of a stream, an event each, a second apart from `at` (µs) on."""
    for number, message in enumerate(messages, 1):
        data = json.encode(message)
        content = Content(number, 1, data, b"salt", sha256(data).digest())
        revision = Revision(number, 1, message["role"], number, "", sha256(b"salt" + data).hexdigest(), len(data), 1)
        event = EntriesRecorded(
            occurred_at=at + number * 1_000_000,
            session_id="s",
            sighted="delivered",
            method="ingest",
            revisions=(revision,),
        )
        ledger.append(ledger.partition_of("attic", key), [happened(key, event, contents=[content])])


def users(*texts: str) -> list[dict[str, Any]]:
    """Give users' messages."""
    return [{"role": "user", "content": text} for text in texts]


def erase(ledger: Ledger, entry: int, key: str = KEY) -> None:
    """Erase the first byte form of an entry."""
    held = ledger.content("attic", key, [(entry, 1)])[entry, 1]
    partition = ledger.partition_of("attic", key)
    ledger.connection.execute(
        "update heartline.content set bytes = null, salt = null, equality = null where partition = %s and entry = %s",
        (partition, entry),
    )
    erased = ContentErased(occurred_at=4, entry=entry, revision=1, reason="asked", size=len(held.data or b""))
    ledger.append(partition, [happened(key, erased)])


def search(ledger: Ledger, query: str, **narrowed: Any) -> list[HitAnswer]:
    """Give what is found."""
    return LocalAnswers(Library(ledger)).search(Sought(query=query, **narrowed))


def found(ledger: Ledger, query: str, **narrowed: Any) -> list[int]:
    """Give the entries that are found."""
    return [hit.entry for hit in search(ledger, query, **narrowed)]
