"""Answers of full-text search: what has the words, newest first or by how well it fits."""

from collections.abc import Iterator, Sequence
from math import isqrt
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct
from psycopg.rows import class_row

from domain.errors import WrongUsage
from infrastructure.answers.hit_cursor import HitPlace, hit_cursor, read_hit_cursor
from infrastructure.answers.known import check_names
from infrastructure.answers.library import Library
from infrastructure.answers.objects import CursorText, EngineKey, EventId, Gateway, RoutingKey, Time
from infrastructure.answers.snippets import Snippets
from infrastructure.answers.times import rfc3339
from projections.search.query import Asked, asked, read_query
from projections.search.texts import content_of
from projections.sql import statement

SoughtType = Literal["message", "tool-call", "tool-result", "text"]
"""What can be found: a message; one that calls tools; a tool's result; a prompt, a summary or instructions."""

MOST_HITS = 1_000
"""Of one question; and so many of the newest are ranked."""

LEAST_WALKED, MOST_WALKED = 1_000, 20_000
"""How many of the newest rows are looked through before the index of words is asked."""

FURTHER = 9
"""How much further the index is asked at first."""

A_SORTED_ROW = 4
"""How many rows can be looked through in the time in which one is found by the index and sorted. (Measured.)"""


class Sought(Struct, frozen=True, kw_only=True):
    """What is looked for. Times in µs since the Unix epoch, of `occurred_at`: from `since` on, and before `until`.

    With `ranked` the newest MOST_HITS are answered by how well they fit, the best first.
    """

    query: str
    type: SoughtType | None = None
    role: str | None = None
    tool: str | None = None
    gateway: str | None = None
    routing_key: str | None = None
    engine_key: str | None = None
    agent: str | None = None
    since: int | None = None
    until: int | None = None
    after: str | None = None
    limit: int = 50
    ranked: bool = False

    @property
    def filters(self) -> list[tuple[str, str]]:
        """What narrows the search, beside the time."""
        names = ("type", "role", "tool", "gateway", "routing_key", "engine_key", "agent")
        return [(name, value) for name in names if (value := getattr(self, name)) is not None]


class HitAnswer(Struct, frozen=True):
    """A byte form of an entry in which words were found. `cursor` is None where hits are ranked."""

    event_id: EventId
    cursor: CursorText | None
    gateway: Gateway
    engine_key: EngineKey
    routing_key: RoutingKey
    agent: str | None
    session_id: str
    entry: Annotated[int, Meta(description="0 for texts that are no messages: prompts, summaries, instructions.")]
    revision: int
    role: str
    tools: list[str]
    type: SoughtType
    occurred_at: Time
    snippet: str
    matches: Annotated[list[tuple[int, int]], Meta(description="Where in the snippet words are, in characters.")]
    context_reference: Annotated[
        str | None, Meta(description="The context that the stream assembled next, which most likely holds the entry.")
    ]


class SearchPage(Struct, frozen=True):
    """Some of what was found."""

    hits: list[HitAnswer]
    more: Annotated[bool, Meta(description="Whether more is found behind the cursor of the last hit.")]


class _Key(Struct, frozen=True):
    occurred_at: int
    partition: int
    position: int
    place: int
    stream: UUID
    entry: int
    revision: int
    part: int

    @property
    def where(self) -> HitPlace:
        return HitPlace(self.occurred_at, self.partition, self.position, self.place)


class _Found(Struct, frozen=True):
    partition: int
    position: int
    place: int
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    session_id: str
    entry: int
    revision: int
    role: str
    tools: list[str]
    type: SoughtType
    occurred_at: int
    begins: int
    number: int | None
    bytes: bytes | None


def search_page(library: Library, sought: Sought) -> SearchPage:
    """Give what is found.

    Raises:
        UnusableQuery: the query has no word to look for.
        BadCursor: `after` does not belong to this ledger's history.
        UnknownStream: there is no such gateway, key or agent.
        WrongUsage: `after` is given of what is ranked.
    """
    if sought.ranked and sought.after is not None:
        raise WrongUsage("What is ranked has no order to go on in: leave --rank or --after out.")
    query = read_query(sought.query)
    asking = asked(query, sought.filters)
    after = None if sought.after is None else read_hit_cursor(library.ledger, sought.after)
    library.refresh("engines", "search", "contexts")
    library.check_gateway(sought.gateway)
    want = MOST_HITS if sought.ranked else sought.limit + 1
    keys = _newest(library, asking, sought, after, want)
    if not keys and after is None:
        check_names(library.rows, sought.gateway, sought.engine_key, sought.routing_key, sought.agent)
    more = len(keys) > sought.limit
    keys = _ranked(library, asking, keys, sought.limit) if sought.ranked else keys[: sought.limit]
    return SearchPage(_hits(library, Snippets(query), keys, ranked=sought.ranked), more and not sought.ranked)


def _newest(library: Library, asking: Asked, sought: Sought, after: HitPlace | None, want: int) -> list[_Key]:
    """Find the newest rows.

    Words that many rows have are found soonest by walking through the newest rows, others by their index. How many
    have them can't be known beforehand: so a walk goes first, as long as costs about what the sorting will where it
    finds too little; and the index is asked for what lies just behind before it is for all.
    """
    walked = min(max(isqrt(want * library.rows("search/rows", {})[0][0] // A_SORTED_ROW), LEAST_WALKED), MOST_WALKED)
    parameters: dict[str, Any] = {
        "rows": asking.rows,
        "others": list(asking.others),
        "excluded": asking.excluded,
        "since": sought.since,
        "until": sought.until,
        "walked": walked,
        "limit": want,
        **_place("before", after),
    }
    found = {key.where: key for key in _keys(library, "search/newest", parameters)}
    if len(found) < want and (begin := _reached(library, parameters, walked)):
        end = _reached(library, parameters, walked * FURTHER)
        for since, until in ((begin, end), (end, None)) if end else ((begin, None),):
            if len(found) < want:
                places = {**_place("from", since), **_place("to", until)}
                for key in _keys(library, "search/older", parameters | places):
                    found.setdefault(key.where, key)  # one that lies at the border is found on both sides
    return list(found.values())[:want]


def _reached(library: Library, parameters: dict[str, Any], rows: int) -> HitPlace | None:
    """Give the place of a row by its number from the newest on; None where there are fewer."""
    found = _rows(library, "search/walked", {**parameters, "walked": rows})
    return HitPlace(*found[0]) if found else None


def _place(name: str, place: HitPlace | None) -> dict[str, Any]:
    names = [f"{name}_{part}" for part in ("at", "partition", "position", "place")]
    values = (None,) * 4 if place is None else (place.at, place.partition, place.position, place.place)
    return dict(zip(names, values, strict=True))


def _ranked(library: Library, asking: Asked, keys: Sequence[_Key], limit: int) -> list[_Key]:
    order = _rows(library, "search/ranked", {**_columns(keys), "ranked": asking.ranked, "limit": limit})
    return [keys[number - 1] for (number,) in order]


def _hits(library: Library, snippets: Snippets, keys: Sequence[_Key], *, ranked: bool) -> list[HitAnswer]:
    leaves = {} if ranked else library.ledger.leaves((key.partition, key.position) for key in keys)
    hits: list[HitAnswer] = []
    for one in _found(library, keys):
        if one.bytes is None:  # erased a moment ago
            continue
        snippet = snippets.cut(content_of(one.bytes).text, one.begins)
        place = HitPlace(one.occurred_at, one.partition, one.position, one.place)
        hits.append(
            HitAnswer(
                event_id=f"{one.partition}-{one.position}",
                cursor=None if ranked else hit_cursor(library.ledger, place, leaves[one.partition, one.position]),
                gateway=one.gateway,
                engine_key=one.engine_key,
                routing_key=one.routing_key,
                agent=one.agent,
                session_id=one.session_id,
                entry=one.entry,
                revision=one.revision,
                role=one.role,
                tools=one.tools,
                type=one.type,
                occurred_at=rfc3339(one.occurred_at),
                snippet=snippet.text,
                matches=snippet.matches,
                context_reference=None if one.number is None else f"{one.engine_key}#{one.number}",
            )
        )
    return hits


def _found(library: Library, keys: Sequence[_Key]) -> Iterator[_Found]:
    """Read rows one by one, since each may have many megabytes of content."""
    with library.ledger.connection.cursor(row_factory=class_row(_Found), binary=True) as cursor:
        yield from cursor.stream(statement("search/found"), _columns(keys), binary=True)


def _columns(keys: Sequence[_Key]) -> dict[str, Any]:
    names = {
        "partitions": "partition",
        "streams": "stream",
        "entries": "entry",
        "revisions": "revision",
        "parts": "part",
    }
    return {plural: [getattr(key, name) for key in keys] for plural, name in names.items()}


def _keys(library: Library, query: str, parameters: dict[str, Any]) -> list[_Key]:
    return [_Key(*row) for row in _rows(library, query, parameters)]


def _rows(library: Library, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Ask without preparing: the plan depends on the words."""
    with library.ledger.connection.cursor(binary=True) as cursor:
        return cursor.execute(statement(query), parameters, prepare=False).fetchall()
