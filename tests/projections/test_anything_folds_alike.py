"""Whatever was observed, in whatever order: every read model takes it, and comes to the same rows in any batches."""

from collections.abc import Sequence
from itertools import cycle, islice
from uuid import uuid4

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from domain import events as fact
from domain.commands import Command
from domain.decider import observe
from domain.engine import FRESH, Engine, fold
from infrastructure.answers.library import Library
from infrastructure.ledger.appending import Append, Content
from infrastructure.ledger.ledger import Ledger
from projections.catalogue import PROJECTIONS
from projections.machinery.projector import Projector
from tests.domain.anything import WORK
from tests.infrastructure.ledger.appends import a_content, happened
from tests.projections.test_folding import ends, forget, rows

KEYS = ("agent:main:main", "agent:main:main:heartbeat", "agent:main:main:heartbeat:run-1")
"""The keys of the streams: a session's, a heartbeat's, and of one of its runs. Commands name ticks of each other's."""

STREAMS = some.lists(some.tuples(some.sampled_from(KEYS), WORK), min_size=1, max_size=4)
BATCHES = some.lists(some.integers(1, 40), min_size=1, max_size=6)


def contents_of(event: fact.Event) -> list[Content]:
    """Give contents for the byte forms that an event records, of which none says what it is."""
    if not isinstance(event, fact.EntriesRecorded | fact.TextsRecorded):
        return []
    texts = [f'{{"role":"user","content":"{one.entry} of {one.revision}"}}'.encode() for one in event.revisions]
    return [
        Content(one.entry, one.revision, text, a_content(one.entry, text).salt, a_content(one.entry, text).equality)
        for one, text in zip(event.revisions, texts, strict=True)
    ]


def appends(suffix: str, streams: Sequence[tuple[str, list[Command]]]) -> list[tuple[str, Append]]:
    """Give what observing these commands appends, with the key that it is appended to."""
    engines: dict[str, Engine] = dict.fromkeys(KEYS, FRESH)
    made: list[tuple[str, Append]] = []
    for name, commands in streams:
        key = f"{name}{suffix}"
        for command in commands:
            events = observe(engines[name], command, key)
            if events:
                engines[name] = fold(events, engines[name])
                contents = [content for event in events for content in contents_of(event)]
                made.append((key, happened(key, *events, contents=contents)))
    return made


def test_what_is_folded_as_it_comes_is_what_a_rebuild_folds(ledger: Ledger, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as owner:

        @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(STREAMS, BATCHES, BATCHES)
        def check(streams: list[tuple[str, list[Command]]], live: list[int], again: list[int]) -> None:
            made, sizes = iter(appends(f":{uuid4()}", streams)), cycle(live)
            while group := list(islice(made, next(sizes))):
                for key, one in group:
                    [done] = ledger.append(ledger.partition_of(one.gateway, key), [one])
                    assert done.outcome == "appended"
                Library(ledger).refresh()
            as_it_came = rows(owner)
            forget(owner)
            batches = cycle(again)
            Projector(ledger.connection, PROJECTIONS).catch_up(ends(ledger), batch=lambda: 9 * next(batches))
            assert {name: found for name, found in rows(owner).items() if found != as_it_came[name]} == {}
            assert owner.execute("select projection, error from heartline_projections.set_aside").fetchall() == []

        check()
