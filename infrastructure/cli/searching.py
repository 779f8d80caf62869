"""`heartline search`."""

import re
import sys
from datetime import UTC, datetime
from typing import get_args

import click

from infrastructure.answers.search import MOST_HITS, HitAnswer, Sought, SoughtType
from infrastructure.answers.times import parse_time
from infrastructure.cli.options import gateway_option, json_option, settings, url_option, utf8
from infrastructure.cli.output import as_json, note, printable, say
from infrastructure.composition import opened_answers

_SPACE = re.compile(r"\s+")


@click.command(
    short_help="Find words in entries, tool calls and results.",
    epilog="""\b
Examples:
  heartline search overflow budget                     both words, in any order
  heartline search '"context window"' --role assistant these words in a row
  heartline search 'compact* -summary' --since 7d      how a word begins, and what must not be there
  heartline search notes.md --tool read --json | jq -r .context_reference""",
)
@click.argument("query", nargs=-1, required=True, type=utf8)
@click.option("--type", "type_", type=click.Choice(get_args(SoughtType)), help="Only what is of this type.")
@click.option("--role", type=utf8, metavar="ROLE", help="Only messages of this role: user, assistant, toolResult, …")
@click.option("--tool", type=utf8, metavar="NAME", help="Only calls and results of this tool.")
@gateway_option
@click.option("--routing-key", type=utf8, metavar="KEY", help="Only what is of this routing key.")
@click.option("--engine-key", type=utf8, metavar="KEY", help="Only what is of this engine.")
@click.option("--agent", type=utf8, metavar="NAME", help="Only what is of this agent.")
@click.option("--since", type=utf8, metavar="TIME", help="Only what happened then or later: a time, a date, or an age.")
@click.option("--until", type=utf8, metavar="TIME", help="Only what happened before then.")
@click.option("--after", type=utf8, metavar="CURSOR", help="Go on from the cursor of a hit.")
@click.option("--limit", type=click.IntRange(1, MOST_HITS), default=50, metavar="N", help="At most so many (50).")
@click.option("--rank", is_flag=True, help="Of the newest 1,000, those first that fit best.")
@url_option
@json_option
def search(
    query: tuple[str, ...],
    type_: SoughtType | None,
    role: str | None,
    tool: str | None,
    gateway: str | None,
    routing_key: str | None,
    engine_key: str | None,
    agent: str | None,
    since: str | None,
    until: str | None,
    after: str | None,
    limit: int,
    rank: bool,
    url: str | None,
    as_json_: bool,
) -> None:
    """Find words in entries, tool calls, tool results, prompts and summaries: newest first."""
    now = datetime.now(UTC)
    begin, end = (None if one is None else parse_time(one, now) for one in (since, until))
    sought = Sought(
        query=" ".join(query),
        type=type_,
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
    with opened_answers(settings(), url) as answers:
        page = answers.search_page(sought)
    hits = page.hits
    for number, hit in enumerate(hits):
        if as_json_:
            say(as_json(hit))
        else:
            _show(hit, first=not number)
    if page.more:
        note(f"… more: --after {hits[-1].cursor}")
    if not hits:
        note(f"Nothing was found for {printable(sought.query)}.")


def _show(hit: HitAnswer, *, first: bool) -> None:
    if not first:
        say()
    who = " ".join([hit.role, *hit.tools])
    say(f"{hit.occurred_at}  {hit.type}  {printable(who)}  {printable(hit.engine_key)}  {hit.event_id}")
    say(f"  {_marked(hit)}")
    if hit.context_reference is not None:
        say(f"  context {printable(hit.context_reference)}")


def _marked(hit: HitAnswer) -> str:
    """Give the snippet on one line; on a terminal the words are bold."""
    bold = sys.stdout.isatty()
    told: list[str] = []
    at = 0
    for start, end in hit.matches:
        found = _line(hit.snippet[start:end])
        told += (_line(hit.snippet[at:start]), click.style(found, bold=True) if bold else found)
        at = end
    return "".join([*told, _line(hit.snippet[at:])]).strip()


def _line(text: str) -> str:
    return printable(_SPACE.sub(" ", text))
