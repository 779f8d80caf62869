"""A tour, as `make run` starts it: serve, record the sample incident over HTTP, look at it, and go on serving."""

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from infrastructure.answers.answers import Answers
from infrastructure.answers.objects import FindingAnswer
from infrastructure.cli.auditing import show_findings
from infrastructure.cli.main import commands, end_with
from infrastructure.cli.options import settings
from infrastructure.cli.output import WIDTH, say, wrapped
from infrastructure.cli.reading import show_context
from infrastructure.cli.recording import tell
from infrastructure.cli.serving import DEFAULT_PORT
from infrastructure.composition import ledger_source, opened_answers, opened_importing
from infrastructure.embedded.layout import Layout
from infrastructure.http.app import Doors
from infrastructure.http.server import AddressTaken
from infrastructure.http.serving import Serving, serving
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from infrastructure.service.logs import log_to_stderr
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
    """Show what Heartline is for, with the commands' own words, and serve until Ctrl-C."""
    told = settings()
    log_to_stderr("warning")
    with ledger_source(told) as open_ledger, _served(open_ledger) as server:
        guide = _Guide(told, server)
        guide.start()
        server.run()
        guide.join()
    if guide.error is not None:
        raise guide.error


class _Guide(Thread):
    """Shows things while the main thread serves, which alone hears of Ctrl-C."""

    def __init__(self, told: Settings, server: Serving) -> None:
        super().__init__(daemon=True)
        self._told, self._server = told, server
        self.error: BaseException | None = None

    def run(self) -> None:
        """Show everything; what goes wrong ends the tour, unless it was ended meanwhile."""
        try:
            _show(self._told, self._server.url)
        except BaseException as error:
            if not self._server.told_to_stop:
                self.error = error
            self._server.stop()


def _show(told: Settings, url: str) -> None:
    _paragraph(STORY)
    say("\n1. Record how the host called its engine, and the host's trace of what the model received, over HTTP:\n")
    with opened_importing(told, url, GATEWAY, "session-key") as importing:
        tell(importing().import_recording(_shown(LIFECYCLE), lambda _bytes: None, _shown(TRACE)))
    say("\n2. The verdict:\n")
    with opened_answers(told, url) as answers:
        found = answers.findings(GATEWAY)
        show_findings(found)
        _show_worst(answers, found)
    _tell_what_next(told, url)
    say(f"\nHeartline serves {url} (described at {url}/schema) until you press Ctrl-C.")
    sys.stdout.flush()


@contextmanager
def _served(open_ledger: Callable[[], Ledger]) -> Iterator[Serving]:
    """Serve on the usual port, or on any if that is taken."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(serving(open_ledger, Doors(), DEFAULT_PORT))
        except AddressTaken:
            server = stack.enter_context(serving(open_ledger, Doors(), 0))
        yield server


def _show_worst(answers: Answers, found: list[FindingAnswer]) -> None:
    """Show the submitted context with the most replayed entries."""
    replayed = next((finding for finding in found if finding.code == "replayed-entries"), None)
    if replayed is None:
        return
    worst: dict[str, Any] = max(replayed.facts["submitted"], key=lambda one: one["replayed"])
    say(f"3. What the model received in the worst call; {worst['replayed']} entries come from other ticks:\n")
    show_context(answers.context(worst["engine_key"], GATEWAY, submitted=worst["submitted"]), WIDTH)


def _tell_what_next(told: Settings, url: str) -> None:
    command = heartline_command()
    say("\n4. With your own data: let OpenClaw write its cache trace, then")
    say("  openclaw config set diagnostics.cacheTrace.enabled true")
    for name, rest in NEXT:
        if name in commands.commands:
            say(f"  {command} {name} {rest}".rstrip())
    say(f"  curl -s {url}/v1/findings | jq -r '.[] | [.code, .severity, .summary] | @tsv'")
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
