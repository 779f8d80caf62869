"""`heartline engines`, `keys` and all other lists, made from the registry."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from infrastructure.answers.listing import USUAL, AnyListing, Page, Selection, pages
from infrastructure.answers.listings import LISTINGS
from infrastructure.answers.times import parse_time
from infrastructure.cli.options import COUNT, gateway_option, json_option, settings, url_option, utf8
from infrastructure.cli.output import as_json, fitted, note, printable, say
from infrastructure.composition import opened_answers

EPILOG = """\b
Examples:
  heartline {command}
  heartline {command} --routing-key agent:main:main:heartbeat --since 24h
  heartline {command} --agent main --limit 1000 --json
  heartline {command} --after "$CURSOR" """

SESSION = click.option("--session-id", type=utf8, metavar="ID", help="Only those of this session.")

OPTIONS = (
    gateway_option,
    click.option("--routing-key", type=utf8, metavar="KEY", help="Only those of this routing key."),
    click.option("--engine-key", type=utf8, metavar="KEY", help="Only those of this engine key."),
    click.option("--agent", type=utf8, metavar="NAME", help="Only those of this agent, which keys name."),
)

MORE_OPTIONS = (
    click.option("--since", type=utf8, metavar="TIME", help="Only those of then or later: a time, a date, or an age."),
    click.option("--until", type=utf8, metavar="TIME", help="Only those of before then."),
    click.option("--after", type=utf8, metavar="CURSOR", help="Go on behind what was listed before."),
    click.option(
        "--limit",
        type=COUNT,
        metavar="N",
        default=USUAL,
        show_default=True,
        help="At most so many.",
    ),
    url_option,
    json_option,
)


def _command(listing: AnyListing) -> click.Command:
    """Make the command of a list."""

    def listed(
        since: str | None,
        until: str | None,
        after: str | None,
        limit: int,
        url: str | None,
        as_json_: bool,
        **keys: str | None,
    ) -> None:
        now = datetime.now(UTC)
        begin, end = (None if one is None else parse_time(one, now) for one in (since, until))
        selection = Selection(since=begin, until=end, **keys)
        with opened_answers(settings(), url) as answers:
            show = _show_lines if as_json_ else _show_table
            show(listing, lambda at, most: answers.listed(listing, selection, at, most), after, limit)

    options = (*OPTIONS, *((SESSION,) if listing.of_sessions else ()), *MORE_OPTIONS)
    function: Callable[..., Any] = listed
    for option in reversed(options):
        function = option(function)
    return click.command(
        listing.command,
        short_help=listing.summary,
        help=f"{listing.summary} {listing.order} The newest come first.",
        epilog=EPILOG.format(command=listing.command),
    )(function)


Ask = Callable[[str | None, int], Page[Any]]


def _show_lines(_listing: AnyListing, ask: Ask, after: str | None, limit: int) -> None:
    page: Page[Any] | None = None
    for page in pages(ask, after, limit):
        for answer in page.items:
            say(as_json(answer))
    _tell_of_more(page)


def _show_table(listing: AnyListing, ask: Ask, after: str | None, limit: int) -> None:
    page: Page[Any] | None = None
    rows: list[list[str]] = []
    for page in pages(ask, after, limit):
        rows += [[_cell(getattr(answer, column)) for column in listing.columns] for answer in page.items]
    for line in fitted(
        listing.columns, rows, [name for name in listing.columns if name == "at" or name.endswith("_at")]
    ):
        say(line)
    _tell_of_more(page)


def _tell_of_more(page: Page[Any] | None) -> None:
    """Say how to go on: beside the answer, so that what reads the answer is not disturbed."""
    if page is not None and page.more:
        note(f"… more: --after {page.cursor}")


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return printable(", ".join(str(one) for one in value)) or "-"
        case _:
            return printable(str(value))


COMMANDS = tuple(_command(listing) for listing in LISTINGS)
