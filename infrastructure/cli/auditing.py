"""`heartline audit`."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from infrastructure.answers.objects import FindingAnswer
from infrastructure.cli.options import gateway_option, json_option, settings, url_option
from infrastructure.cli.output import as_json, printable, say, shortened, wrapped
from infrastructure.composition import opened_answers

EXIT_FINDINGS = 1
MOST_CONTEXTS_SHOWN = 12


@click.command(
    short_help="Look for shared engine keys and replayed entries.",
    epilog="""\b
Examples:
  heartline audit
  heartline audit --json | jq -r '[.code, .severity, .summary] | @tsv'""",
)
@gateway_option
@url_option
@json_option
def audit(gateway: str | None, url: str | None, as_json_: bool) -> None:
    """Look for ticks that share an engine key and contexts that replay other ticks. Exit code 1 if there are any."""
    with opened_answers(settings(), url) as answers:
        found = answers.findings(gateway)
    if as_json_:
        for finding in found:
            say(as_json(finding))
    else:
        show_findings(found)
    sys.exit(EXIT_FINDINGS if severe(found) else 0)


def severe(found: Sequence[FindingAnswer]) -> bool:
    """Say whether there is something to mend or to suspect; that something is unknown is no finding."""
    return any(one.severity != "info" for one in found)


def show_findings(found: Sequence[FindingAnswer]) -> None:
    """Tell people what the audit found."""
    for finding in found:
        _show(finding)
    if not found:
        say("No findings: no isolated tick shares its engine key, and no context replays another tick.")


def _show(finding: FindingAnswer) -> None:
    say(f"{finding.severity.upper()} {finding.code} ({finding.status})  gateway {finding.gateway}")
    say(f"  {printable(finding.summary)}")
    say(f"  routing key {printable(finding.routing_key)}, {finding.first_at} to {finding.last_at}")
    basis = finding.facts.get("basis")
    if basis is not None:
        _show_contexts([one for one in finding.facts["contexts" if basis == "assembled" else basis] if one["replayed"]])
    for line in wrapped(finding.advice):
        say(line)
    say(f"  evidence: {', '.join(finding.evidence[:8])}{' …' if len(finding.evidence) > 8 else ''}")
    say()


def _show_contexts(contexts: list[dict[str, Any]]) -> None:
    for one in contexts[:MOST_CONTEXTS_SHOWN]:
        number = one.get("call") or one.get("submitted")
        sources = ", ".join(
            f"{source['entries']} from {_session(source['tick_id'] or source['engine_key'])}" for source in one["from"]
        )
        say(
            f"    context {number:>3} of tick {_session(one['tick_id'])}: "
            f"{one['replayed']} of {one['entries']} entries replayed: {sources}"
        )
    if len(contexts) > MOST_CONTEXTS_SHOWN:
        say(f"    … and {len(contexts) - MOST_CONTEXTS_SHOWN} more (--json has them all)")


def _session(tick_id: str) -> str:
    return shortened(printable(tick_id.rpartition("@")[2]), 9)
