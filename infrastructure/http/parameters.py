"""The parameters of the routes, and their bounds: nothing that is given here can make the database refuse."""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

NO_NUL = r"^[^\x00]*$"
"""Postgres text holds no NUL. In keys it stands as its JSON escape, as `streams` shows it."""

MOST_CHARACTERS = 8_192
"""Of a key or an id."""

MOST_CURSOR_CHARACTERS = 60_000
"""A cursor names every partition's position, and a ledger may have 4,096 of them; a URL may have 65,536 characters."""

MOST_EVENTS = 1_000
MOST_TYPES = 64
MOST_NUMBER = 10**18 - 1

Gateway = Annotated[
    str | None,
    QueryParameter(
        description="The host installation that is meant, where several have the same keys.",
        pattern=NO_NUL,
        max_length=MOST_CHARACTERS,
    ),
]

EngineKey = Annotated[
    str,
    QueryParameter(description="The engine's key, as the host writes it.", pattern=NO_NUL, max_length=MOST_CHARACTERS),
]

AnyEngineKey = Annotated[
    str | None,
    QueryParameter(description="Only events of this engine.", pattern=NO_NUL, max_length=MOST_CHARACTERS),
]

OfEngineKey = Annotated[
    str | None,
    QueryParameter(description="Only those of this engine key.", pattern=NO_NUL, max_length=MOST_CHARACTERS),
]

OfRoutingKey = Annotated[
    str | None,
    QueryParameter(description="Only those of this routing key.", pattern=NO_NUL, max_length=MOST_CHARACTERS),
]

OfAgent = Annotated[
    str | None,
    QueryParameter(
        description="Only those of this agent, which keys name (`agent:<agent>:…`).",
        pattern=NO_NUL,
        max_length=MOST_CHARACTERS,
    ),
]

OfSession = Annotated[
    str | None,
    QueryParameter(description="Only those of this session.", pattern=NO_NUL, max_length=MOST_CHARACTERS),
]

Types = Annotated[
    list[Annotated[str, Meta(pattern=NO_NUL, max_length=200)]] | None,
    QueryParameter(name="type", description="Only events of this type; may be repeated.", max_items=MOST_TYPES),
]

Since = Annotated[
    str | None,
    QueryParameter(
        description="Only what happened then or later: RFC 3339, a date, or an age such as `24h`.", max_length=64
    ),
]

Until = Annotated[
    str | None,
    QueryParameter(
        description="Only what happened before then: RFC 3339, a date, or an age such as `24h`.", max_length=64
    ),
]

After = Annotated[
    str | None,
    QueryParameter(description="Go on from this cursor.", max_length=MOST_CURSOR_CHARACTERS),
]

Limit = Annotated[int, QueryParameter(description="At most so many.", ge=1, le=MOST_EVENTS)]

EventId = Annotated[str, PathParameter(description="`<partition>-<position>`.", max_length=64)]

At = Annotated[
    str | None,
    QueryParameter(description="As of a version, a time (RFC 3339), a date, or an age such as `24h`.", max_length=64),
]

ContextReference = Annotated[
    str,
    QueryParameter(
        description="An engine key, `ENGINE_KEY#CALL`, or an event id.",
        pattern=NO_NUL,
        max_length=MOST_CHARACTERS + 20,
    ),
]

Call = Annotated[
    int | None,
    QueryParameter(description="The N-th assembled context of the stream.", ge=1, le=MOST_NUMBER),
]

Submitted = Annotated[
    int | None,
    QueryParameter(description="The N-th submitted context of the stream.", ge=1, le=MOST_NUMBER),
]

Compaction = Annotated[
    int | None,
    QueryParameter(description="The N-th compaction of the engine.", ge=1, le=MOST_NUMBER),
]

Entry = Annotated[int, QueryParameter(description="An entry's number in its stream.", ge=1, le=MOST_NUMBER)]

Tick = Annotated[
    str | None,
    QueryParameter(
        description="The last context that was assembled in this tick.",
        pattern=NO_NUL,
        max_length=2 * MOST_CHARACTERS,
    ),
]
