"""Importing all that a host keeps: its stores, its folders of sessions, its cache trace, recordings beside them."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from domain.errors import HeartlineError
from domain.keys import check_gateway
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.sources import Skipped
from infrastructure.openclaw.gateways import kept_name
from infrastructure.openclaw.host.identity import identities
from infrastructure.openclaw.host.layout import Layout
from infrastructure.openclaw.host.may.sessions import SessionFolder
from infrastructure.openclaw.host.may.transcript_files import TranscriptFile
from infrastructure.openclaw.host.records import Record
from infrastructure.openclaw.host.store.database import Database, UnreadableStore
from infrastructure.openclaw.host.store.store import Store
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.importing import Imported
from infrastructure.openclaw.intake.kept_messages import KeptMessages
from infrastructure.openclaw.intake.recording import ImportedSource, absolute
from infrastructure.openclaw.intake.sessions import import_sessions
from infrastructure.openclaw.intake.stores import EngineKey, import_store
from infrastructure.openclaw.intake.traces import import_traces
from infrastructure.openclaw.kept import ContentPolicy
from infrastructure.openclaw.observed import KeyedBy, engine_key_for

Told = Callable[[str], None]
"""Is told which source is being read."""


class ImportedHost(Struct):
    """What became of the sources of a host: recordings of its engine's calls, and what it keeps itself."""

    gateway: str
    recordings: list[Imported]
    sources: list[ImportedSource]

    @property
    def events(self) -> int:
        """How many events were written."""
        return sum(one.events for one in self.recordings) + sum(one.events for one in self.sources)


def gateway_of(ledger: Ledger, layout: Layout, given: str | None) -> str:
    """Give the gateway of an installation: the one that is given, or the name by which it was known before.

    Raises:
        BadGateway: what is given is none.
    """
    if given is not None:
        return check_gateway(given)
    known = [*identities(layout, _ask), layout.root.encode(errors="surrogateescape")]
    for one in known:
        name = ledger.gateway_of(one)
        if name is not None:
            return name
    return kept_name(ledger, known[0], f"openclaw-{known[0].hex()[:8]}")


def import_host(
    ledger: Ledger,
    layout: Layout,
    gateway: str,
    keyed_by: KeyedBy,
    content: ContentPolicy,
    minted: Callable[[], dict[str, str]],
    told: Told,
) -> ImportedHost:
    """Import every source of a layout. `minted` gives the engine keys under which sessions were recorded live, by id.

    Raises:
        DatabaseUnavailable, StreamMoved: as the recorder.
    """
    imported = ImportedHost(gateway, [], [])
    for one in layout.of("lifecycle"):
        told(one.path)
        importer = Importer(ledger, gateway=gateway, keyed_by=keyed_by, content=content)
        imported.recordings.append(importer.import_recording(one.path, lambda _bytes: None))
    engine_key = _engine_keys(minted(), keyed_by)
    for one in layout.of("sessions", "store"):
        told(one.path)
        read = import_sessions if one.kind == "sessions" else import_store
        try:
            imported.sources.append(read(ledger, one.path, gateway, engine_key, content))
        except UnreadableStore as error:
            skipped = [Skipped(absolute(one.path), str(error))]
            imported.sources.append(
                ImportedSource(source=absolute(one.path), kind=one.kind, gateway=gateway, skipped=skipped)
            )
    traces = [one.path for one in layout.of("trace")]
    if traces:
        told(traces[-1])
        kept = KeptMessages(lambda: _messages(layout))
        imported.sources.append(import_traces(ledger, traces, gateway, engine_key, content, kept.get))
    return imported


def _engine_keys(minted: dict[str, str], keyed_by: KeyedBy) -> EngineKey:
    def engine_key(session_key: str, session_id: str) -> str:
        return minted.get(session_id) or engine_key_for(session_key, session_id, keyed_by)

    return engine_key


def _messages(layout: Layout) -> Iterator[Record]:
    """Read all transcripts of a layout."""
    for one in layout.of("store"):
        try:
            with Store.open(Path(one.path)) as store:
                for session_id in store.marks().sessions:
                    yield from store.transcript(session_id)
        except HeartlineError:
            continue  # it was told of when it was imported
    for one in layout.of("sessions"):
        for session_id, files in SessionFolder(Path(one.path)).files.items():
            for held in files:
                yield from TranscriptFile(held.path, None, session_id).records()


def _ask(path: Path, query: str) -> Sequence[Sequence[object]]:
    """Ask a host's database; nothing where it has no such table or is broken, which is told of when it is read."""
    try:
        database = Database(path)
        try:
            rows = database.page(lambda connection: connection.execute(query).fetchall())
            return [[one.decode() if isinstance(one, bytes) else one for one in row] for row in rows]
        finally:
            database.close()
    except (UnreadableStore, sqlite3.Error, OSError, UnicodeDecodeError):
        return ()
