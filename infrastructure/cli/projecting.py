"""`heartline projections` and `rebuild`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from domain.errors import WrongUsage
from infrastructure.answers.projections import GenerationAnswer, ProjectionAnswer
from infrastructure.cli.options import json_option, settings, url_option, utf8
from infrastructure.cli.output import WIDTH, as_json, note, printable, say, shortened, table
from infrastructure.composition import opened_answers, opened_library
from infrastructure.rebuilding.rebuild import Rebuilt, Step, named
from infrastructure.rebuilding.rebuild import rebuild as rebuild_projections

EXIT_DIFFERENT = 1

MOST_DIFFERENCES_SHOWN = 10
"""How many tables and partitions in which rows differ are shown to people; `--json` has them all."""


@click.command(
    short_help="Show how far the read models are.",
    epilog="""\b
Examples:
  heartline projections
  heartline projections --json | jq -c '[.name, .live.lag_events]'""",
)
@url_option
@json_option
def projections(url: str | None, as_json_: bool) -> None:
    """Show each read model: offset, lag, rows, generation, and the last event that it could not take.

    A question brings them up to date by itself, and a running service keeps them so.
    """
    with opened_answers(settings(), url) as answers:
        told = answers.projections()
    if as_json_:
        for one in told:
            say(as_json(one))
        return
    columns = ("projection", "generation", "version", "offset", "lag", "rows", "set aside")
    for line in table(columns, [_columns(one, generation) for one in told for generation in _generations(one)]):
        say(line)
    for one in told:
        if one.live.version != one.version:
            note(f"{one.name} is of another version of heartline: run `heartline rebuild {one.name}`.")
        if one.live.last_error is not None:
            say(f"{one.name} could not take {one.live.last_error.event_id}: {printable(one.live.last_error.error)}")


def _generations(one: ProjectionAnswer) -> list[GenerationAnswer]:
    return [one.live] if one.filling is None else [one.live, one.filling]


def _columns(one: ProjectionAnswer, generation: GenerationAnswer) -> list[str]:
    name = one.name if generation is one.live else f"{one.name} (being filled)"
    lag = f"{generation.lag_events} events, {generation.lag_seconds:g} s" if generation.lag_events else "none"
    numbers = (generation.generation, generation.version, generation.offset, lag, generation.rows, generation.set_aside)
    return [name, *(str(number) for number in numbers)]


@click.command(
    short_help="Make read models again from the events.",
    epilog="""\b
Examples:
  heartline rebuild
  heartline rebuild turns ticks --workers 4
  heartline rebuild turns --accept""",
)
@click.argument("names", nargs=-1, type=utf8, metavar="[NAME...]")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="How many processes fold.")
@click.option(
    "--accept", is_flag=True, help="Let the new rows take over although they differ from those that are read."
)
@click.option("--afresh", is_flag=True, help="Begin anew, instead of going on where a rebuild was broken off.")
@url_option
@json_option
def rebuild(names: tuple[str, ...], workers: int, accept: bool, afresh: bool, url: str | None, as_json_: bool) -> None:
    """Fill read models anew, beside those that are read, compare both, and let the new ones take over.

    People go on reading and recording meanwhile. Where rows differ at equal offsets, the differences are shown and
    nothing takes over: exit code 1. A rebuild that was broken off goes on where it stood.
    """
    if url is not None:
        raise WrongUsage("A rebuild works on the database itself: run it where HEARTLINE_DATABASE_URL or _HOME is set.")
    wanted = named(names)
    with opened_library(settings()) as library, _progress() as told:
        done = rebuild_projections(
            library, settings(), wanted, workers=workers, accept=accept, afresh=afresh, told=told
        )
    if as_json_:
        say(as_json({"projections": done}))
    else:
        for one in done:
            _tell(one)
    if any(one.differences and not one.live for one in done):
        sys.exit(EXIT_DIFFERENT)


def _tell(one: Rebuilt) -> None:
    compared = {
        True: "the same as those that were read",
        False: f"different from those that are read, in {len(one.differences)} places",
        None: "of another version than those that were read",
    }[one.same_as_live]
    rate = f" ({one.events / one.seconds:,.0f} a second)" if one.events and one.seconds else ""
    say(f"{one.name}: {one.events:,} events in {one.seconds:g} s{rate}; {one.rows:,} rows, {compared}")
    for difference in one.differences[:MOST_DIFFERENCES_SHOWN]:
        say(
            f"  {difference.table}, partition {difference.partition}: {difference.live_rows} rows are read, "
            f"{difference.new_rows} are new"
        )
        for sign, rows in (("-", difference.only_live), ("+", difference.only_new)):
            for row in rows:
                say(f"  {sign} {shortened(printable(row), WIDTH - 4)}")
    if len(one.differences) > MOST_DIFFERENCES_SHOWN:
        say(f"  … and {len(one.differences) - MOST_DIFFERENCES_SHOWN} more; --json has them all")
    if one.set_aside:
        note(f"{one.name} could not take {one.set_aside} events: see `heartline projections`.")
    if not one.live and one.differences:
        note(f"{one.name} was left as it is; `heartline rebuild {one.name} --accept` takes the new rows.")


@contextmanager
def _progress() -> Iterator[Callable[[Step], None]]:
    """Show a bar for each partition on a terminal, with rate and time left; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.console import Console  # noqa: PLC0415  # loading it takes longer than a small rebuild
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn  # noqa: PLC0415  # the same

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[int, TaskID] = {}

        def told(step: Step) -> None:
            if step.partition not in tasks:
                tasks[step.partition] = bar.add_task(f"partition {step.partition}", total=step.events, rate="")
            task = tasks[step.partition]
            speed = bar.tasks[bar.task_ids.index(task)].speed
            bar.update(task, completed=step.folded, rate=f"{speed:,.0f}/s" if speed else "")

        yield told
