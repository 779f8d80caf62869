"""`heartline check` and `heartline sources`."""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from domain.errors import WrongUsage
from infrastructure.answers.times import parse_time, rfc3339
from infrastructure.checking.hosts import Checked, RouteAnswer
from infrastructure.cli.auditing import severe, show_findings
from infrastructure.cli.hosting import content_option, keyed_by_option, progress, show_imported
from infrastructure.cli.options import gateway_option, json_option, settings, utf8
from infrastructure.cli.output import as_json, note, printable, say, table, wrapped
from infrastructure.composition import opened_hosts
from infrastructure.ledger.sources import Source
from infrastructure.openclaw.host.layout import recognise
from infrastructure.openclaw.host.places import state_folder
from infrastructure.openclaw.kept import ContentPolicy
from infrastructure.openclaw.observed import KeyedBy

EXIT_FINDINGS = 1
MOST_SKIPPED_SHOWN = 5
"""How much of what was skipped of a source is shown to people; `--json` of `heartline sources` has more."""


@click.command(
    short_help="The verdict on a host, from what it keeps on its disk.",
    epilog="""\b
Examples:
  heartline check
  heartline check ~/.openclaw --since 24h
  heartline check /mnt/copy/openclaw-agent.sqlite --gateway laptop --json | jq -r .summary""",
)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--since", type=utf8, metavar="TIME", help="Only what happened since a time, a date or an age (24h).")
@gateway_option
@keyed_by_option
@content_option
@json_option
def check(
    path: Path | None,
    since: str | None,
    gateway: str | None,
    keyed_by: KeyedBy,
    content: ContentPolicy | None,
    as_json_: bool,
) -> None:
    """Import what a host keeps on its disk, read-only, and audit it. Without PATH: where OpenClaw keeps its state.

    Exit code 1 if there is something to mend or to suspect.
    """
    layout = recognise(path or _state_folder())
    least = None if since is None else parse_time(since, datetime.now(UTC))
    with opened_hosts(settings()) as hosts, progress() as told:
        checked = hosts.check(layout, gateway, least, keyed_by, content or "redacted", told)
    if as_json_:
        for finding in checked.findings:
            say(as_json(finding))
    else:
        _show(checked, layout.root)
    sys.exit(EXIT_FINDINGS if severe(checked.findings) else 0)


@click.command(
    short_help="List what was imported, from where and up to where.",
    epilog="""\b
Examples:
  heartline sources
  heartline sources --json | jq -c 'select(.problem_count > 0) | [.path, .skipped]'""",
)
@gateway_option
@json_option
def sources(gateway: str | None, as_json_: bool) -> None:
    """List what was imported of hosts: from where, when, how much, and what was skipped."""
    with opened_hosts(settings()) as hosts:
        found = hosts.sources(gateway)
    if as_json_:
        for one in found:
            say(as_json(_answer(one)))
        return
    header = ("gateway", "kind", "path", "records", "events", "skipped", "last_at")
    rows = [
        (
            one.gateway,
            one.kind,
            printable(one.path),
            str(one.records),
            str(one.events),
            str(one.problem_count),
            rfc3339(one.last_at),
        )
        for one in found
    ]
    for line in table(header, rows):
        say(line)
    if not found:
        note("Nothing was imported of a host yet: `heartline check PATH` does.")


def _state_folder() -> Path:
    """Give the folder where OpenClaw keeps its state on this machine."""
    folder = state_folder(os.environ, Path.home())
    if not folder.is_dir():
        raise WrongUsage(f"There is no {folder}: give the folder where the host keeps its state, or a copy of it.")
    return folder


def _answer(one: Source) -> dict[str, object]:
    return {
        "source": one.source.hex(),
        "gateway": one.gateway,
        "kind": one.kind,
        "path": one.path,
        "records": one.records,
        "recorded": one.recorded,
        "events": one.events,
        "first_at": rfc3339(one.first_at),
        "last_at": rfc3339(one.last_at),
        "problem_count": one.problem_count,
        "skipped": [{"place": skipped.place, "reason": skipped.reason} for skipped in one.skipped],
    }


def _show(checked: Checked, root: str) -> None:
    imported = checked.imported
    say(f"{printable(root)}  gateway {imported.gateway}")
    show_imported(imported)
    say()
    _show_routes(checked.routes)
    say()
    show_findings(checked.findings)
    _show_next(checked)


def _show_routes(routes: Sequence[RouteAnswer]) -> None:
    header = ("routing_key", "ticks", "sessions", "billed_tokens", "outcomes", "first_at", "last_at")
    rows = [
        (
            printable(one.routing_key),
            str(one.ticks),
            str(one.sessions),
            "-" if one.billed_tokens is None else f"{one.billed_tokens:,}",
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(one.outcomes.items())) or "-",
            one.first_at,
            one.last_at,
        )
        for one in routes
    ]
    for line in table(header, rows):
        say(line)


def _show_next(checked: Checked) -> None:
    """Say what to try next: the worst finding's own evidence, or where the numbers are."""
    gateway = checked.imported.gateway
    worst = next((one for one in checked.findings if one.severity == "error"), None)
    commands = [f"heartline ticks --gateway {gateway}"]
    if worst is not None and worst.evidence:
        commands.insert(0, f"heartline context {worst.evidence[0]}")
    for line in wrapped("Next: " + "; ".join(commands), indent=""):
        say(line)
