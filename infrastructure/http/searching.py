"""Searching over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.search import SearchPage, Sought, SoughtType
from infrastructure.answers.times import parse_time
from infrastructure.http.parameters import MOST_CHARACTERS, NO_NUL, After, Gateway, Limit, Since, Until
from infrastructure.http.told import JSON, NDJSON, Lines, Told, problems
from infrastructure.service.service import Service

HITS = 50
"""How many hits are answered if nobody says otherwise."""

MORE_HEADER = "heartline-more"

SearchQuery = Annotated[
    str,
    QueryParameter(
        name="query",
        description='Words that are all there; `"in a row"`, `-not there`, `begin*`.',
        pattern=NO_NUL,
        max_length=2_000,
    ),
]

Narrowed = Annotated[
    str | None, QueryParameter(description="Only what is of it.", pattern=NO_NUL, max_length=MOST_CHARACTERS)
]

FoundType = Annotated[
    SoughtType | None, QueryParameter(name="type", description="Only messages, tool calls, results, or other texts.")
]

Rank = Annotated[bool, QueryParameter(description="Of the newest 1,000, those first that fit best.")]


@get(
    "/search",
    sync_to_thread=True,
    summary="Find words in entries, tool calls and tool results, newest first.",
    responses=problems(_404="No such gateway, key or agent is on record."),
)
def search(
    request: Request[Any, Any, Any],
    service: NamedDependency[Service],
    words: SearchQuery,
    found_type: FoundType = None,
    role: Narrowed = None,
    tool: Narrowed = None,
    gateway: Gateway = None,
    routing_key: Narrowed = None,
    engine_key: Narrowed = None,
    agent: Narrowed = None,
    since: Since = None,
    until: Until = None,
    after: After = None,
    limit: Limit = HITS,
    rank: Rank = False,
) -> Told[SearchPage]:
    """Go on with the cursor of the last hit as long as there is `more`.

    With `rank` the newest 1,000 are answered by how well they fit, and there are no cursors. Where `accept` prefers
    `application/x-ndjson` the hits are answered one a line, with `heartline-more` as a header.
    """
    now = datetime.now(UTC)
    begin, end = (None if one is None else parse_time(one, now) for one in (since, until))
    sought = Sought(
        query=words,
        type=found_type,
        role=role,
        tool=tool,
        gateway=gateway,
        routing_key=routing_key,
        engine_key=engine_key,
        agent=agent,
        since=begin,
        until=end,
        after=after,
        limit=limit,
        ranked=rank,
    )
    with service.libraries.lend() as library:
        page = LocalAnswers(library).search_page(sought)
    if request.accept.best_match([JSON, NDJSON]) == NDJSON:
        return Lines(page.hits, {MORE_HEADER: "true" if page.more else "false"})
    return Told(page)


ROUTES: list[BaseRouteHandler] = [search]
