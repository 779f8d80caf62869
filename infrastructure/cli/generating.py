"""`heartline generate`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from domain.errors import WrongUsage
from infrastructure.cli.options import json_option, settings, url_option, utf8
from infrastructure.cli.output import as_json, say
from infrastructure.cli.recording import answer_of, tell
from infrastructure.composition import opened_importing
from infrastructure.openclaw.generate.gateway import MOST_OVER, Plan, generated
from infrastructure.openclaw.generate.recording import GATEWAY, record_plan
from infrastructure.openclaw.importing import Progress


@click.command(
    help="Write a recording of agents that never were: lifecycle NDJSON, the same bytes for the same options.",
    epilog=f"""\b
Examples:
  heartline generate --events 10000 > generated.ndjson
  heartline generate --events 10000 --seed 7 --bug | heartline import - --gateway generated
  heartline generate --events 1000000 --record

Heartbeats, conversations with tools and subagents, overflows, compactions. A ledger makes N events of the lines, or up
to {MOST_OVER} more, since what begins is ended.""",
)
@click.option(
    "--events", type=click.IntRange(min=1), required=True, metavar="N", help="How many events a ledger makes of it."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="S", help="Another seed, other agents."
)
@click.option("--bug", is_flag=True, help="Isolated heartbeats share one engine key and replay each other.")
@click.option("--record", is_flag=True, help="Record it instead of writing it. The same again adds nothing.")
@click.option(
    "--gateway", type=utf8, metavar="NAME", help=f"With --record: as which host installation.  [default: {GATEWAY}]"
)
@url_option
@json_option
def generate(
    events: int,
    seed: int,
    bug: bool,
    record: bool,
    gateway: str | None,
    url: str | None,
    as_json_: bool,
) -> None:
    """Write a generated recording, or record it."""
    plan = Plan(events, seed, bug)
    if not record:
        if gateway is not None or url is not None:
            raise WrongUsage("--gateway and --url say where it is recorded: add --record, or leave them out.")
        sys.stdout.flush()
        out = sys.stdout.buffer
        for told in generated(plan):
            out.write(told.line + b"\n")
        out.flush()
        return
    with (
        opened_importing(settings(), url, gateway or GATEWAY, "session-key") as importing,
        _progress(events) as told_of,
    ):
        recorded = record_plan(importing(), plan, told_of)
    if as_json_:
        say(as_json(answer_of(recorded)))
    else:
        tell(recorded)


@contextmanager
def _progress(events: int) -> Iterator[Progress]:
    """Show a bar on a terminal, of events; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _events: None
        return
    from rich.console import Console  # noqa: PLC0415  # loading it takes longer than a small recording
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn  # noqa: PLC0415  # the same

    columns = ("[progress.description]{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("recording events", total=events)
        yield lambda count: bar.advance(task, count)
