"""`heartline import`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from msgspec import to_builtins

from domain.errors import WrongUsage
from infrastructure.cli.hosting import content_option, import_layouts, layout_at, show_layouts
from infrastructure.cli.options import json_option, settings, url_option
from infrastructure.cli.output import as_json, note, printable, say
from infrastructure.composition import opened_importing
from infrastructure.openclaw.importing import Imported, Importing, Progress
from infrastructure.openclaw.kept import ContentPolicy
from infrastructure.openclaw.observed import KeyedBy

MOST_REJECTED_SHOWN = 20
"""How many rejected lines of a source are shown to people; `--json` has them all."""


@click.command(
    name="import",
    epilog="""\b
Examples:
  heartline import lifecycle.ndjson
  heartline import lifecycle.ndjson --trace logs/cache-trace.jsonl
  heartline import ~/.openclaw --gateway laptop --follow
  zcat old.ndjson.gz | heartline import - --gateway laptop""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--trace", metavar="FILE", help="The host's cache trace of the same time: what was submitted.")
@click.option("--gateway", metavar="NAME", help="Name the host installation; else one is made up once and kept.")
@click.option(
    "--engine-keyed-by",
    "keyed_by",
    type=click.Choice(["session-key", "session-id"]),
    default="session-key",
    show_default=True,
    help="By what the recorded engine kept its state.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be read, and read nothing.")
@click.option("--follow", is_flag=True, help="Keep up with a host that goes on, until Ctrl-C.")
@content_option
@url_option
@json_option
def import_(
    paths: tuple[str, ...],
    trace: str | None,
    gateway: str | None,
    keyed_by: KeyedBy,
    dry_run: bool,
    follow: bool,
    content: ContentPolicy | None,
    url: str | None,
    as_json_: bool,
) -> None:
    """Record what PATHs hold; recording them again adds what is new.

    A lifecycle recording (NDJSON; '-' is standard input), or what a host keeps on its disk: its state folder, a store,
    a folder of sessions, a cache trace. A host's files are only read.
    """
    if trace is not None and len(paths) > 1:
        raise WrongUsage("--trace belongs to one recording: import them one by one.")
    layouts = {path: layout for path in paths if (layout := layout_at(path)) is not None}
    if dry_run:
        show_layouts(paths, layouts, as_json_)
        return
    if follow and len(layouts) < len(paths):
        raise WrongUsage("--follow keeps up with a host's files: give its state folder, a store, sessions or a trace.")
    if layouts and url is not None:
        raise WrongUsage("A host's files are read where the ledger is: leave --url out, or send a recording there.")
    if layouts:
        import_layouts(list(layouts.values()), gateway, keyed_by, content or "redacted", follow, as_json_)
    recordings = [path for path in paths if path not in layouts]
    if recordings:
        if url is not None and content not in (None, "full"):
            raise WrongUsage(
                "A service keeps what it is sent: import without --url to have --content redacted or none."
            )
        with opened_importing(settings(), url, gateway, keyed_by, content or "redacted") as importing:
            _import_recordings(importing, recordings, trace, as_json_)


def _import_recordings(importing: Callable[[], Importing], paths: list[str], trace: str | None, as_json_: bool) -> None:
    for path in paths:
        with _progress([path, *([trace] if trace else [])]) as progress:
            imported = importing().import_recording(path, progress, trace)
        if as_json_:
            say(as_json(answer_of(imported)))
        else:
            tell(imported)


def answer_of(imported: Imported) -> dict[str, object]:
    """Say for programs what became of a source's lines."""
    answer: dict[str, object] = to_builtins(imported)
    answer.pop("trace")
    return answer if imported.trace is None else {**answer, "trace": answer_of(imported.trace)}


def tell(imported: Imported) -> None:
    """Tell people what became of a source's lines."""
    say(printable(imported.source))
    say(
        f"  {imported.lines} lines: {imported.recorded} recorded, {imported.duplicates} duplicates, "
        f"{imported.ignored} ignored, {len(imported.rejected)} rejected; "
        f"{imported.events} events in {imported.streams} streams of gateway {imported.gateway}"
    )
    for one in imported.rejected[:MOST_REJECTED_SHOWN]:
        note(f"  {printable(one.source)}:{one.line}: {one.reason}")
    if len(imported.rejected) > MOST_REJECTED_SHOWN:
        note(f"  … and {len(imported.rejected) - MOST_REJECTED_SHOWN} more; --json has them all")
    if imported.trace is not None:
        tell(imported.trace)


@contextmanager
def _progress(paths: list[str]) -> Iterator[Progress]:
    """Show a bar on a terminal, of bytes read; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _bytes: None
        return
    from rich.console import Console  # noqa: PLC0415  # loading it takes longer than a small import
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn  # noqa: PLC0415  # the same

    total = None if "-" in paths else sum(Path(path).stat().st_size for path in paths if Path(path).is_file())
    columns = ("[progress.description]{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("importing", total=total)
        yield lambda count: bar.advance(task, count)
