"""What commands that read a host's files have in common: finding them, telling what became of them, keeping up."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import click

from infrastructure.cli.options import settings
from infrastructure.cli.output import as_json, note, printable, say
from infrastructure.composition import opened_hosts
from infrastructure.ledger.sources import Skipped
from infrastructure.openclaw.host.layout import Layout, NothingRecognised, recognise
from infrastructure.openclaw.importing import Imported
from infrastructure.openclaw.intake.hosts import ImportedHost, Told
from infrastructure.openclaw.intake.recording import ImportedSource
from infrastructure.openclaw.kept import ContentPolicy
from infrastructure.openclaw.observed import KeyedBy

MOST_SKIPPED_SHOWN = 5
"""How much of what was skipped of a source is shown to people; `--json` has more."""

LOOK_EVERY = 1.0
"""How often a host's files are looked at while they are followed, in seconds."""

keyed_by_option = click.option(
    "--engine-keyed-by",
    "keyed_by",
    type=click.Choice(["session-key", "session-id"]),
    default="session-key",
    show_default=True,
    help="By what the engine kept its state, for sessions of which no recording says it.",
)


content_option = click.option(
    "--content",
    type=click.Choice(["full", "redacted", "none"]),
    help="What the ledger keeps of texts: all, all but secrets of known shapes (default; with --url it is all), or "
    "nothing. Digests are of the original, so verdicts are the same.",
)


def layout_at(path: str) -> Layout | None:
    """Say which of a host's files lie at a path; None where it is a recording of its engine's calls, or a pipe.

    Raises:
        NothingRecognised: it is a folder without any.
    """
    if path == "-" or not Path(path).exists():
        return None
    if Path(path).is_file():
        try:
            layout = recognise(path)
        except NothingRecognised:  # then it is read as a recording, which says of each line what is wrong with it
            return None
        return None if layout.of("lifecycle") else layout
    return recognise(path)


def show_layouts(paths: Sequence[str], layouts: Mapping[str, Layout], as_json_: bool) -> None:
    """Say what would be read."""
    for path in paths:
        found = [("lifecycle", path)] if path not in layouts else [(one.kind, one.path) for one in layouts[path].found]
        for kind, where in found:
            say(as_json({"source": where, "kind": kind}) if as_json_ else f"{kind:<13}  {printable(where)}")


def import_layouts(
    layouts: Sequence[Layout],
    gateway: str | None,
    keyed_by: KeyedBy,
    content: ContentPolicy,
    follow: bool,
    as_json_: bool,
) -> None:
    """Import what hosts keep, and tell what became of it; if it is to be followed, until Ctrl-C."""
    with opened_hosts(settings()) as hosts:
        for layout in layouts:
            with progress() as told:
                imported = hosts.import_layout(layout, gateway, keyed_by, content, told)
            _tell(layout.root, imported, as_json_)
        while follow:
            Event().wait(LOOK_EVERY)
            for layout in layouts:
                imported = hosts.import_layout(recognise(layout.root), gateway, keyed_by, content)
                if imported.events:
                    _tell(layout.root, imported, as_json_)


def _tell(root: str, imported: ImportedHost, as_json_: bool) -> None:
    if not as_json_:
        say(f"{printable(root)}  gateway {imported.gateway}")
        show_imported(imported)
        return
    for recording in imported.recordings:
        say(as_json(recording))
    for one in imported.sources:
        say(as_json(_answer(one)))


def _answer(one: ImportedSource) -> dict[str, object]:
    """Say for programs what became of a source (contracts, `import`): records are its lines."""
    return {
        "source": one.source,
        "kind": one.kind,
        "gateway": one.gateway,
        "lines": one.recorded + one.duplicates + len(one.skipped),
        "recorded": one.recorded,
        "duplicates": one.duplicates,
        "ignored": 0,
        "rejected": [{"source": skipped.place, "line": None, "reason": skipped.reason} for skipped in one.skipped],
        "streams": one.streams,
        "events": one.events,
    }


def show_imported(imported: ImportedHost) -> None:
    """Tell people what was read of a host."""
    for recording in imported.recordings:
        _show_read(recording.source, "recording", recording.lines, recording.recorded, recording.events, _of(recording))
    for one in imported.sources:
        _show_read(one.source, one.kind, one.records, one.recorded, one.events, one.skipped, one)


def _of(recording: Imported) -> list[Skipped]:
    return [Skipped(f"{one.source}:{one.line}", one.reason) for one in recording.rejected]


def _show_read(
    path: str,
    kind: str,
    records: int,
    recorded: int,
    events: int,
    skipped: Sequence[Skipped],
    source: ImportedSource | None = None,
) -> None:
    sessions = "" if source is None else f"{source.sessions} sessions, "
    unread = f", {len(skipped)} skipped" if skipped else ""
    say(f"  {kind:<9}  {printable(path)}")
    say(f"             {sessions}{records} records read, {recorded} of them new, {events} events{unread}")
    for one in skipped[:MOST_SKIPPED_SHOWN]:
        note(f"    {printable(one.place)}: {printable(one.reason)}")
    if len(skipped) > MOST_SKIPPED_SHOWN:
        note(f"    … and {len(skipped) - MOST_SKIPPED_SHOWN} more: `heartline sources --json` has them")


@contextmanager
def progress() -> Iterator[Told]:
    """Name on a terminal what is being read; say nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _path: None
        return
    from rich.console import Console  # noqa: PLC0415  # loading it takes longer than a small check
    from rich.status import Status  # noqa: PLC0415  # the same

    with Status("reading", console=Console(stderr=True)) as status:
        yield lambda path: status.update(f"reading {printable(path)}")
