"""`heartline streams`, `events`, `state` and `context`."""

import shutil
import sys
from itertools import islice
from typing import Any

import click

from domain.errors import WrongUsage
from domain.events import Basis
from infrastructure.answers.contexts import context_answer
from infrastructure.answers.errors import UnknownContext
from infrastructure.answers.library import Place
from infrastructure.answers.references import Referred, referred
from infrastructure.answers.streams import events_answer, state_answer, stream_answer
from infrastructure.cli.options import gateway_option, json_option, settings, utf8
from infrastructure.cli.output import as_json, printable, say, shortened, table
from infrastructure.composition import opened_library


@click.command()
@gateway_option
@json_option
def streams(gateway: str | None, as_json_: bool) -> None:
    """List the streams: one for each engine key of each gateway."""
    with opened_library(settings()) as library:
        library.refresh()
        library.check_gateway(gateway)
        answers = [stream_answer(found) for found in library.streams(gateway)]
    if as_json_:
        for answer in answers:
            say(as_json(answer))
        return
    columns = ("gateway", "engine_key", "kind", "phase", "events", "first_at", "last_at")
    for line in table(columns, [[printable(str(answer[column])) for column in columns] for answer in answers]):
        say(line)


@click.command(
    short_help="List events, of one engine or of all.",
    epilog="""\b
Examples:
  heartline events agent:main:main:heartbeat
  heartline events --type CompactionCompleted --json | jq .data
  heartline events --json --after "$CURSOR" """,
)
@click.argument("engine_key", required=False, type=utf8)
@gateway_option
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only events of this type; may be repeated.")
@click.option("--after", metavar="CURSOR", help="Go on from the cursor of an event that was listed before.")
@click.option("--limit", type=click.IntRange(min=1, max=sys.maxsize), metavar="N", help="At most so many.")
@json_option
def events(
    engine_key: str | None,
    gateway: str | None,
    types: tuple[str, ...],
    after: str | None,
    limit: int | None,
    as_json_: bool,
) -> None:
    """List events, of one engine or of all, in the order in which they were recorded."""
    with opened_library(settings()) as library:
        place = None
        if engine_key is not None or gateway is not None:
            library.refresh()
            library.check_gateway(gateway)
        if engine_key is not None:
            place = library.place(engine_key, gateway)
        for answer in islice(events_answer(library, place, types, after, gateway), limit):
            if as_json_:
                say(as_json(answer))
            else:
                say(_event_line(answer))


def _event_line(answer: dict[str, Any]) -> str:
    data = shortened(printable(as_json(answer["data"])), max(shutil.get_terminal_size().columns - 75, 40))
    version, kind = f"v{answer['version']}", answer["type"]
    return f"{answer['event_id']:>9}  {version:<6} {answer['occurred_at']}  {kind:<20} {data}"


@click.command()
@click.argument("engine_key", type=utf8)
@gateway_option
@click.option("--at", metavar="VERSION|TIME", help="As of a version, a time, a date or an age such as 24h.")
@json_option
def state(engine_key: str, gateway: str | None, at: str | None, as_json_: bool) -> None:
    """Show the state of an engine, now or as of then."""
    with opened_library(settings()) as library:
        library.refresh()
        answer = state_answer(library, library.place(engine_key, gateway), at)
    if as_json_:
        say(as_json(answer))
        return
    for key, value in answer.items():
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
@json_option
def context(
    reference: str, gateway: str | None, call: int | None, submitted: int | None, tick: str | None, as_json_: bool
) -> None:
    """Show what a context held, entry by entry, and where each entry came from."""
    if sum(one is not None for one in (call, submitted, tick)) > 1:
        raise WrongUsage("--call, --submitted and --tick each name one context: give one of them.")
    with opened_library(settings()) as library:
        library.refresh()
        place, basis, number = _meant(referred(library, reference, gateway), call, submitted, tick)
        answer = context_answer(library, place, basis, number, tick)
    if as_json_:
        say(as_json(answer))
    else:
        show_context(answer, shutil.get_terminal_size().columns)


def _meant(
    found: Referred, call: int | None, submitted: int | None, tick: str | None
) -> tuple[Place, Basis, int | None]:
    if found.number is not None and (call or submitted or tick):
        raise UnknownContext("The reference names a context by itself: leave --call, --submitted and --tick out.")
    if submitted is not None:
        return found.place, "submitted", submitted
    return found.place, found.basis, call or found.number


def show_context(answer: dict[str, Any], columns: int) -> None:
    """Tell people what a context held, on lines of about so many columns."""
    number = answer["call"] or answer["submitted"]
    budget = f" of {answer['budget']:,}" if answer["budget"] else ""
    say(
        f"{printable(answer['engine_key'])}#{number}  {answer['basis']}, {len(answer['entries'])} entries, "
        f"{answer['tokens']:,} tokens ({answer['tokens_basis']}){budget}"
    )
    if answer["tick_id"]:
        say(f"tick    {printable(answer['tick_id'])}")
    say(f"event   {answer['event_id']}   digest {answer['digest'][:16]}…")
    if answer["prompt"] is not None:
        say(f"prompt  {shortened(printable(answer['prompt']), 100)}")
    if answer["entries"]:
        say()
        width = max(columns - 70, 30)
        rows = [
            (
                str(entry["index"]),
                entry["role"],
                str(entry["tokens"]),
                _foreign(entry["origin"]["foreign"]),
                _source(entry["origin"]),
                shortened(_text(entry), width),
            )
            for entry in answer["entries"]
        ]
        for line in table(("#", "role", "tokens", "foreign", "first delivered by", "text"), rows):
            say(line)
    if answer["committed_later"]:
        say(f"\nand later in the same turn {len(answer['committed_later'])} entries were delivered (--json shows them)")
    say(f"\nnot on record: {', '.join(answer['absent'])}")


def _text(entry: dict[str, Any]) -> str:
    called = f"[calls {', '.join(entry['tool_calls'])}] " if entry["tool_calls"] else ""
    return printable(called + (entry["text"] if entry["text"] is not None else "(erased)"))


def _foreign(foreign: bool | None) -> str:
    return {True: "FOREIGN", False: "own", None: "unknown"}[foreign]


def _source(origin: dict[str, Any]) -> str:
    if origin["session_id"] is None:
        return "-"
    return f"session {shortened(printable(origin['session_id']), 9)} v{origin['version']}"
