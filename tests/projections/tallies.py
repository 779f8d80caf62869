"""A read model for tests: how many entries each session of a stream was met with, and what it was last called."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct

from domain.events import EngineOpened, EntriesRecorded
from projections.machinery.projection import Projection, Recorded, Row, Table

SHAPE = """
    create table heartline_projections.tallies_0 (
        partition bigint not null, stream uuid not null, entries bigint not null,
        words text not null check (words <> 'unwritable'),
        primary key (partition, stream)
    );
    create index tallies_0_by_entries on heartline_projections.tallies_0 (entries);
    select heartline.register_projection('tallies', 1, array['tallies']);
    select heartline.begin_partitions();
    grant select on all tables in schema heartline_projections to heartline_service;
"""


class TallyRow(Struct, frozen=True):
    partition: int
    stream: UUID
    entries: int
    words: str


class Tally(Struct, frozen=True):
    partition: int
    stream: UUID
    entries: int = 0
    words: str = ""


class Unwelcome(Exception):
    """What the fold raises of a session that it can't take."""


def fold(tally: Tally | None, one: Recorded) -> tuple[Tally, Sequence[Row]]:
    before = tally or Tally(one.partition, one.stream)
    if not isinstance(one.event, EntriesRecorded):
        return before, ()
    if one.event.session_id == "unwelcome":
        raise Unwelcome("this session\nis not welcome")
    return Tally(one.partition, one.stream, before.entries + len(one.event.revisions), one.event.session_id), ()


def shown(tally: Tally) -> Sequence[Row]:
    return (TallyRow(tally.partition, tally.stream, tally.entries, tally.words),)


def tallies(version: int = 1, **changed: Any) -> Projection[Tally]:
    described: dict[str, Any] = {
        "name": "tallies",
        "version": version,
        "memory": Tally,
        "fold": fold,
        "shown": shown,
        "tables": (Table("tallies", TallyRow, ("partition", "stream")),),
        "objects": (),
        "takes": frozenset((EngineOpened, EntriesRecorded)),
    }
    return Projection(**{**described, **changed})


def take_in(database: str) -> None:
    """Make the tables of the model in a ledger's database."""
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(SHAPE)
