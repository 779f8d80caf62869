"""`heartline backup` and `restore`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from domain.errors import WrongUsage
from infrastructure.answers.times import rfc3339
from infrastructure.backup.errors import LedgerBroken
from infrastructure.backup.summary import Summary, Told
from infrastructure.cli.options import json_option, settings, url_option
from infrastructure.cli.output import as_json, note, printable, say
from infrastructure.composition import back_up, take_backup
from infrastructure.composition import restore as restore_backup

EXIT_BROKEN = 1
STREAM = "-"
REDRAW_SECONDS = 0.1


@click.command(
    short_help="Write the ledger to one file, verified.",
    epilog="""\b
Examples:
  heartline backup /mnt/usb/heartline.backup
  heartline backup - | age -p > heartline.backup.age
  heartline backup nightly.backup --json | jq -r .digest""",
)
@click.argument("file", metavar="FILE")
@url_option
@json_option
def backup(file: str, url: str | None, as_json_: bool) -> None:
    """Write the whole ledger to a new FILE, as of one moment; others may go on recording. '-' is standard output; the
    answer then goes to standard error.

    Everything is verified while it is read: exit code 1, and no FILE, if something was changed. An existing FILE is
    never replaced. To a pipe, a broken ledger's backup lacks its end, and can't be restored.

    FILE holds all texts of messages and the key of their hashes: it is readable by you only; keep it so. Tokens are not
    in it, nor what can be made again.
    """
    if file == STREAM and sys.stdout.isatty():
        raise WrongUsage("A backup is no text for a terminal: name a file, or pipe it on.")
    if file == STREAM and url is not None:
        raise WrongUsage("From a service a backup is written to a file, which is checked here: name one.")
    try:
        with _progress() as told:
            if url is not None:
                summary = take_backup(settings(), url, Path(file), told)
            else:
                summary = back_up(settings(), sys.stdout.buffer if file == STREAM else Path(file), told)
    except LedgerBroken as error:
        note(f"heartline: {error} [{error.code}]")
        if as_json_:
            _answer({"file": None, **to_builtins(error.found)}, file)
        sys.exit(EXIT_BROKEN)
    if as_json_:
        _answer(_summary(summary), file)
    else:
        (note if file == STREAM else say)(f"{_told(summary)}, {summary.bytes:,} bytes in {printable(summary.file)}")


@click.command(
    short_help="Make the ledger of a backup, verified.",
    epilog="""\b
Examples:
  heartline restore /mnt/usb/heartline.backup
  HEARTLINE_HOME=/srv/heartline heartline restore heartline.backup
  HEARTLINE_DATABASE_URL=postgresql://owner@host/empty heartline restore heartline.backup""",
)
@click.argument("file", metavar="FILE")
@url_option
@json_option
def restore(file: str, url: str | None, as_json_: bool) -> None:
    """Make the ledger of a backup, in a place that has none or an empty one, and verify it. All or nothing.

    FILE is checked as a whole before anything is done. A database of your own is named by HEARTLINE_DATABASE_URL, as
    its owner, PostgreSQL 16 or newer; nothing else may use it meanwhile. Positions, digests and delivery ids stay:
    importing again finds duplicates, and cursors go on, unless what they had seen is not in the backup; then they are
    refused.

    It is the same ledger, not another: from then on, record to one of the two only.
    """
    if url is not None:
        raise WrongUsage(
            "A service can't restore its own ledger: stop it, and run `heartline restore` where its database can be "
            "reached, with HEARTLINE_HOME or HEARTLINE_DATABASE_URL."
        )
    if file == STREAM:
        raise WrongUsage("A backup is checked as a whole before it is restored: write it to a file first.")
    with _progress() as told:
        summary = restore_backup(settings(), Path(file), told)
    if as_json_:
        say(as_json(_summary(summary)))
    else:
        say(f"{_told(summary)}, restored and verified")


def _summary(summary: Summary) -> dict[str, Any]:
    answer: dict[str, Any] = to_builtins(summary)
    return {**answer, "at": rfc3339(summary.at)}


def _answer(answer: dict[str, Any], file: str) -> None:
    (note if file == STREAM else say)(as_json(answer))


def _told(summary: Summary) -> str:
    return (
        f"ledger {summary.ledger_id} as of {rfc3339(summary.at)}: {summary.events:,} events, "
        f"{summary.contents:,} contents and {summary.deliveries:,} deliveries in {summary.partitions} partitions"
    )


@contextmanager
def _progress() -> Iterator[Told]:
    """Show a bar for each stage on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _stage, _more, _total: None
        return
    from rich.console import Console  # noqa: PLC0415  # loading it takes longer than a small backup
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TimeRemainingColumn  # noqa: PLC0415  # the same

    columns = ("[progress.description]{task.description}", BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}
        done: dict[str, int] = {}
        drawn = 0.0

        def told(stage: str, more: int, total: int) -> None:
            nonlocal drawn
            done[stage] = done.get(stage, 0) + more
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            if time.monotonic() - drawn > REDRAW_SECONDS:  # it is told of each row, and drawing takes longer than one
                drawn = time.monotonic()
                for one, task in tasks.items():
                    bar.update(task, completed=done[one])

        yield told
