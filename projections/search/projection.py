"""The fold of search."""

from collections.abc import Iterator, Sequence
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.entries import TEXTS, Revision
from domain.events import ContentErased, ContextAssembled, EngineOpened, EntriesRecorded, TextsRecorded
from domain.keys import agent_of, routing_key_of
from projections.machinery.columns import Lexemes
from projections.machinery.projection import Projection, Recorded, Row, Table
from projections.search.filters import LONG, filter_lexeme
from projections.search.texts import content_of
from projections.search.words import lexemes_of, most_parts, parts_of

Type = Literal["message", "tool-call", "tool-result", "text", "erased"]
"""What was found: a message; one that calls tools; a tool's result; a prompt, a summary or instructions; or nothing any
more, since it was erased.
"""

TOOL_RESULT = "toolResult"
"""The host's role of tools' results."""


class SearchRow(Struct, frozen=True):
    """The words of a byte form of an entry, or of one of the `parts` of its text.

    `begins` is the character of the folded text at which the part does, `next_call` the number of the stream's next
    assembled context. Times in µs.
    """

    partition: int
    stream: UUID
    entry: int
    revision: int
    part: int
    parts: int
    begins: int
    position: int
    place: int
    occurred_at: int
    type: Type
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    session_id: str
    role: str
    tools: tuple[str, ...]
    next_call: int
    words: Lexemes


class Remembered(Struct, frozen=True):
    """The routing key of a stream, and how many contexts it has assembled."""

    routing_key: str
    calls: int = 0


NO_WORDS = Lexemes.of({})


def fold(remembered: Remembered | None, one: Recorded) -> tuple[Remembered | None, Sequence[Row]]:
    """Give the rows of what an event records, and empty ones for what was erased."""
    match one.event:
        case EngineOpened(routing_key=routing_key):
            return Remembered(routing_key), ()
        case ContextAssembled(call=call):
            known = remembered or Remembered(routing_key_of(one.engine_key))
            return Remembered(known.routing_key, call), ()
        case EntriesRecorded() | TextsRecorded() as event:
            known = remembered or Remembered(routing_key_of(one.engine_key))
            rows: list[Row] = []
            for place, revision in enumerate(event.revisions):
                data = one.contents.get(revision.reference)
                if data is not None:
                    rows += _rows(known, one, event, place, revision, data)
            return remembered, rows
        case ContentErased() as event:
            return remembered, list(_erased(one, event))
        case _:
            return remembered, ()


def _rows(
    known: Remembered,
    one: Recorded,
    event: EntriesRecorded | TextsRecorded,
    place: int,
    revision: Revision,
    data: bytes,
) -> Iterator[SearchRow]:
    content = content_of(data)
    tools = revision.tools or tuple(_legible(tool) for tool in content.tools)
    kind = _type(revision, tools)
    agent = agent_of(one.engine_key)
    filters = {
        filter_lexeme("type", kind),
        filter_lexeme("role", revision.role),
        filter_lexeme("gateway", one.gateway),
        filter_lexeme("engine_key", one.engine_key),
        filter_lexeme("routing_key", known.routing_key),
        *(filter_lexeme("tool", tool) for tool in tools),
    }
    if agent is not None:
        filters.add(filter_lexeme("agent", agent))
    parts = parts_of(content.text)
    if len(parts) > 1:
        filters.add(LONG)
    for number, part in enumerate(parts):
        yield SearchRow(
            one.partition,
            one.stream,
            revision.entry,
            revision.revision,
            number,
            len(parts),
            part.begins,
            one.position,
            place,
            event.occurred_at,
            kind,
            one.gateway,
            one.engine_key,
            known.routing_key,
            agent,
            event.session_id,
            revision.role,
            tools,
            known.calls + 1,
            lexemes_of(part.words, *filters),
        )


def _erased(one: Recorded, event: ContentErased) -> Iterator[SearchRow]:
    """Give a row without any word for every part that there can be: they look alike whether it was there or not."""
    for number in range(most_parts(event.size)):
        yield SearchRow(
            one.partition,
            one.stream,
            event.entry,
            event.revision,
            number,
            1,
            0,
            one.position,
            0,
            event.occurred_at,
            "erased",
            one.gateway,
            one.engine_key,
            routing_key_of(one.engine_key),
            None,
            "",
            "",
            (),
            0,
            NO_WORDS,
        )


def _type(revision: Revision, tools: tuple[str, ...]) -> Type:
    if revision.entry == TEXTS:
        return "text"
    if revision.role == TOOL_RESULT:
        return "tool-result"
    return "tool-call" if tools else "message"


def _legible(name: str) -> str:
    """Write a name as Postgres can hold it."""
    return name.encode("utf-8", "replace").decode().replace("\x00", "�")


SEARCH = Projection(
    name="search",
    version=1,
    memory=Remembered,
    fold=fold,
    tables=(Table("search", SearchRow, ("partition", "stream", "entry", "revision", "part")),),
    objects=("search/table", "search/by_time", "search/by_words", "search/register"),
    takes=frozenset((EngineOpened, ContextAssembled, EntriesRecorded, TextsRecorded, ContentErased)),
    reads_contents=True,
)
