"""`heartline streams`, `events`, `state` and `context`."""

import shutil
import sys
from datetime import UTC, datetime
from itertools import islice

import click
from msgspec import to_builtins

from domain.errors import WrongUsage
from infrastructure.answers.events import Wanted
from infrastructure.answers.objects import ContextAnswer, EntryAnswer, EventAnswer, OriginAnswer
from infrastructure.answers.times import parse_time
from infrastructure.cli.options import COUNT, gateway_option, json_option, settings, url_option, utf8
from infrastructure.cli.output import NOT_KEPT, as_json, printable, say, shortened, table
from infrastructure.composition import opened_answers


@click.command()
@gateway_option
@url_option
@json_option
def streams(gateway: str | None, url: str | None, as_json_: bool) -> None:
    """List the streams: one for each engine key of each gateway."""
    with opened_answers(settings(), url) as answers:
        listed = answers.streams(gateway)
    if as_json_:
        for answer in listed:
            say(as_json(answer))
        return
    columns = ("gateway", "engine_key", "kind", "phase", "events", "first_at", "last_at")
    for line in table(columns, [[printable(str(getattr(one, column))) for column in columns] for one in listed]):
        say(line)


@click.command(
    short_help="List events, of one engine or of all.",
    epilog="""\b
Examples:
  heartline events agent:main:main:heartbeat
  heartline events --type CompactionCompleted --json | jq .data
  heartline events --since 24h
  heartline events --json --after "$CURSOR"
  heartline events --follow --json | jq .type""",
)
@click.argument("engine_key", required=False, type=utf8)
@gateway_option
@click.option(
    "--type", "types", type=utf8, multiple=True, metavar="TYPE", help="Only events of this type; may be repeated."
)
@click.option("--since", type=utf8, metavar="TIME", help="Only what happened then or later: a time, a date, or an age.")
@click.option("--until", type=utf8, metavar="TIME", help="Only what happened before then.")
@click.option("--after", type=utf8, metavar="CURSOR", help="Go on from the cursor of an event that was listed before.")
@click.option("--limit", type=COUNT, metavar="N", help="At most so many.")
@click.option(
    "--follow", is_flag=True, help="Go on with what is recorded from now on, or since --since or --after, until Ctrl-C."
)
@url_option
@json_option
def events(
    engine_key: str | None,
    gateway: str | None,
    types: tuple[str, ...],
    since: str | None,
    until: str | None,
    after: str | None,
    limit: int | None,
    follow: bool,
    url: str | None,
    as_json_: bool,
) -> None:
    """List events, of one engine or of all, in the order in which they were recorded."""
    if follow and until is not None:
        raise WrongUsage("--follow has no end: leave --until out.")
    now = datetime.now(UTC)
    begin, end = (None if one is None else parse_time(one, now) for one in (since, until))
    wanted = Wanted(engine_key, gateway, types, begin, end)
    with opened_answers(settings(), url) as answers:
        found = islice(answers.follow(wanted, after), limit) if follow else answers.events(wanted, after, limit)
        for answer in found:
            say(as_json(answer) if as_json_ else _event_line(answer))
            if follow:
                sys.stdout.flush()  # whoever reads it waits for it


def _event_line(answer: EventAnswer) -> str:
    data = shortened(printable(as_json(answer.data)), max(shutil.get_terminal_size().columns - 75, 40))
    version = f"v{answer.version}"
    return f"{answer.event_id:>9}  {version:<6} {answer.occurred_at}  {answer.type:<20} {data}"


@click.command(
    short_help="Show the state of an engine, now or as of then.",
    epilog="""\b
Examples:
  heartline state agent:main:main:heartbeat
  heartline state agent:main:main:heartbeat --at 12                      after its 12th event
  heartline state agent:main:main:heartbeat --at 2026-11-23T17:00:00Z    as of then; a date or an age (24h) will do
  heartline state agent:main:main:heartbeat --json | jq .phase""",
)
@click.argument("engine_key", type=utf8)
@gateway_option
@click.option("--at", type=utf8, metavar="VERSION|TIME", help="As of a version, a time, a date or an age such as 24h.")
@url_option
@json_option
def state(engine_key: str, gateway: str | None, at: str | None, url: str | None, as_json_: bool) -> None:
    """Show the state of an engine, now or as of then."""
    with opened_answers(settings(), url) as answers:
        answer = answers.state(engine_key, gateway, at)
    if as_json_:
        say(as_json(answer))
        return
    for key, value in to_builtins(answer).items():
        say(f"{key:<21} {printable(str(value)) if value is not None else '-'}")


@click.command(
    short_help="Show what a context held, and whence.",
    epilog="""\b
Examples:
  heartline context agent:main:main:heartbeat            the last that was assembled
  heartline context agent:main:main:heartbeat#4          the 4th
  heartline context agent:main:main:heartbeat --submitted 4
  heartline context 13-88 --json | jq '.entries[].origin'""",
)
@click.argument("reference", type=utf8, metavar="ENGINE_KEY|ENGINE_KEY#CALL|EVENT_ID")
@gateway_option
@click.option("--call", type=click.IntRange(min=1), metavar="N", help="The N-th assembled context.")
@click.option("--submitted", type=click.IntRange(min=1), metavar="N", help="The N-th submitted context.")
@click.option("--tick", type=utf8, metavar="ID", help="The last context assembled in this tick.")
@url_option
@json_option
def context(
    reference: str,
    gateway: str | None,
    call: int | None,
    submitted: int | None,
    tick: str | None,
    url: str | None,
    as_json_: bool,
) -> None:
    """Show what a context held, entry by entry, and where each entry came from."""
    if sum(one is not None for one in (call, submitted, tick)) > 1:
        raise WrongUsage("--call, --submitted and --tick each name one context: give one of them.")
    with opened_answers(settings(), url) as answers:
        answer = answers.context(reference, gateway, call, submitted, tick)
    if as_json_:
        say(as_json(answer))
    else:
        show_context(answer, shutil.get_terminal_size().columns)


def show_context(answer: ContextAnswer, columns: int) -> None:
    """Tell people what a context held, on lines of about so many columns."""
    number = answer.call or answer.submitted
    budget = f" of {answer.budget:,}" if answer.budget else ""
    say(
        f"{printable(answer.engine_key)}#{number}  {answer.basis}, {len(answer.entries)} entries, "
        f"{answer.tokens:,} tokens ({answer.tokens_basis}){budget}"
    )
    if answer.tick_id:
        say(f"tick    {printable(answer.tick_id)}")
    say(f"event   {answer.event_id}   digest {answer.digest[:16]}…")
    if answer.prompt is not None:
        say(f"prompt  {shortened(printable(answer.prompt), 100)}")
    if answer.entries:
        say()
        width = max(columns - 70, 30)
        rows = [
            (
                str(entry.index),
                entry.role,
                str(entry.tokens),
                _foreign(entry.origin.foreign),
                _source(entry.origin),
                shortened(_text(entry), width),
            )
            for entry in answer.entries
        ]
        for line in table(("#", "role", "tokens", "foreign", "first delivered by", "text"), rows):
            say(line)
    if answer.committed_later:
        say(f"\nand later in the same turn {len(answer.committed_later)} entries were delivered (--json shows them)")
    say(f"\nnot on record: {', '.join(answer.absent)}")


def _text(entry: EntryAnswer) -> str:
    called = f"[calls {', '.join(entry.tool_calls)}] " if entry.tool_calls else ""
    return printable(called + (entry.text if entry.text is not None else NOT_KEPT))


def _foreign(foreign: bool | None) -> str:
    return {True: "FOREIGN", False: "own", None: "unknown"}[foreign]


def _source(origin: OriginAnswer) -> str:
    if origin.session_id is None:
        return "-"
    return f"session {shortened(printable(origin.session_id), 9)} v{origin.version}"
