"""`python -m tests.bench`: measure, and say what reaches its target."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click
from msgspec import json, to_builtins

from tests.bench import (
    append_hundred,
    append_single,
    group,
    growth,
    held_snapshot,
    http,
    importing,
    lag,
    questions,
    reading,
    rebuild,
)
from tests.bench.figures import Figure
from tests.bench.rounds import Options
from tests.bench.servers import Server, running_server

BENCHMARKS: dict[str, Callable[[Server, Options], Iterator[Figure]]] = {
    "append-1": append_single.measure,
    "append-100": append_hundred.measure,
    "group": group.measure,
    "http": http.measure,
    "snapshot": held_snapshot.measure,
    "read": reading.measure,
    "import": importing.measure,
    "growth": growth.measure,
    "rebuild": rebuild.measure,
    "lag": lag.measure,
    "questions": questions.measure,
}


@click.command(epilog=f"Benchmarks: {', '.join(BENCHMARKS)}.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--rounds", type=click.IntRange(min=1), default=7, show_default=True, help="Rounds of every peer.")
@click.option("--seconds", type=float, default=1.0, show_default=True, help="How long a timed round lasts.")
@click.option("--megabytes", type=int, default=200, show_default=True, help="Size of the big file that is imported.")
@click.option(
    "--events",
    type=click.IntRange(min=1_000),
    default=100_000,
    show_default=True,
    help="Events that are rebuilt and asked.",
)
@click.option("--full", is_flag=True, help="Import 1 GB as the big file.")
@click.option(
    "--recording",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The recording whose import is measured; default: the sample, or the incident's beside the project.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(
    names: tuple[str, ...],
    rounds: int,
    seconds: float,
    megabytes: int,
    events: int,
    full: bool,
    recording: Path | None,
    as_json: bool,
) -> None:
    """Run all benchmarks, or the named ones, and print a line for each figure.

    A line holds its name, the median over the rounds, the target, whether that is reached, the spread of the rounds,
    and the absolute rates behind it, which are of this machine at this time.
    """
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise click.UsageError(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    options = Options(
        rounds=rounds,
        seconds=seconds,
        megabytes=1000 if full else megabytes,
        events=events,
        recording=recording,
    )
    with running_server() as server:
        for name, measure in BENCHMARKS.items():
            if names and name not in names:
                continue
            try:
                for figure in measure(server, options):
                    told = json.encode({**to_builtins(figure), "verdict": figure.verdict}).decode()
                    click.echo(told if as_json else figure.line())
            except FileNotFoundError as error:
                click.echo(f"{name}: not measured: {error}", err=True)


if __name__ == "__main__":
    main()
