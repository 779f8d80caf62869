"""A tour, as `make run` starts it: record the sample incident, audit it, and look at its worst context."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from infrastructure.answers.answers import Answers
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.objects import FindingAnswer
from infrastructure.cli.auditing import show_findings
from infrastructure.cli.main import commands, end_with
from infrastructure.cli.options import settings
from infrastructure.cli.output import WIDTH, say, wrapped
from infrastructure.cli.reading import show_context
from infrastructure.cli.recording import tell
from infrastructure.composition import opened_library
from infrastructure.embedded.layout import Layout
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from infrastructure.settings import Settings

GATEWAY = "sample"

STORY = (
    "A sample night: an agent looks at its inbox and its disks every half hour. Each look (a tick) is a session of its "
    "own and should begin with an empty context. But the agent's context engine keeps all of them under one key: the "
    "prompt grows until the provider refuses it, the engine compacts, and it begins again."
)

NEXT = (
    ("import", "recording.ndjson --trace ~/.openclaw/logs/cache-trace.jsonl --gateway home"),
    ("audit", "--gateway home"),
    ("context", "agent:main:main:heartbeat --gateway home"),
    ("events", "--gateway home --json | jq -r '[.occurred_at, .type] | @tsv'"),
    ("verify", ""),
    ("doctor", ""),
)
"""What to try with data of one's own: those commands that there are."""


def tour() -> None:
    """Show what Heartline is for, with the commands' own words."""
    told = settings()
    _paragraph(STORY)
    with opened_library(told) as library:
        say("\n1. Record how the host called its engine, and the host's trace of what the model received:\n")
        importer = Importer(library.ledger, gateway=GATEWAY)
        tell(importer.import_recording(_shown(LIFECYCLE), lambda _bytes: None, _shown(TRACE)))
        say("\n2. The verdict:\n")
        answers = LocalAnswers(library)
        found = answers.findings(GATEWAY)
        show_findings(found)
        _show_worst(answers, found)
    _tell_what_next(told)


def _show_worst(answers: Answers, found: list[FindingAnswer]) -> None:
    """Show the submitted context with the most replayed entries."""
    replayed = next((finding for finding in found if finding.code == "replayed-entries"), None)
    if replayed is None:
        return
    worst: dict[str, Any] = max(replayed.facts["submitted"], key=lambda one: one["replayed"])
    say(f"3. What the model received in the worst call; {worst['replayed']} entries come from other ticks:\n")
    show_context(answers.context(worst["engine_key"], GATEWAY, submitted=worst["submitted"]), WIDTH)


def _tell_what_next(told: Settings) -> None:
    command = heartline_command()
    say("\n4. With your own data: let OpenClaw write its cache trace, then")
    say("  openclaw config set diagnostics.cacheTrace.enabled true")
    for name, rest in NEXT:
        if name in commands.commands:
            say(f"  {command} {name} {rest}".rstrip())
    if told.database_url is not None:
        say("\nThe ledger lies in HEARTLINE_DATABASE_URL; `drop schema heartline cascade` there removes it.")
        return
    folder = Layout.below(told.home).root
    say(f"\nThe ledger lies in {folder}")
    say(f"To remove it: rm -r {shlex.quote(str(folder))}")


def heartline_command() -> str:
    """Give the command as a person can type it here: its name if that finds it, else its path."""
    environment = Path(sys.executable).parent
    found = shutil.which("heartline")
    if found and Path(found).resolve().parent == environment.resolve():
        return "heartline"
    return shlex.quote(_shown(environment / "heartline"))


def _shown(path: Path) -> str:
    """Give a path relative to the current folder if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _paragraph(text: str) -> None:
    for line in wrapped(text, indent=""):
        say(line)


if __name__ == "__main__":
    end_with(tour)
