"""`heartline summary`."""

import re
import shutil
from collections.abc import Sequence

import click

from domain.errors import WrongUsage
from infrastructure.answers.compactions import CompactionAnswer
from infrastructure.answers.summaries import ReplacedEntry, SummaryAnswer
from infrastructure.cli.options import gateway_option, json_option, settings, url_option, utf8
from infrastructure.cli.output import NOT_KEPT, as_json, printable, say, shortened, table, wrapped
from infrastructure.composition import opened_answers

_SPACE = re.compile(r"\s+")


@click.command(
    short_help="Show a compaction's summary, and what it replaced.",
    epilog="""\b
Examples:
  heartline summary agent:main:main                of the last compaction
  heartline summary agent:main:main 2              of the second
  heartline summary agent:main:main --entry 17     the compactions that replaced entry 17
  heartline summary agent:main:main --json | jq -r '.replaced[].text'""",
)
@click.argument("engine_key", type=utf8)
@click.argument("number", required=False, type=click.IntRange(min=1), metavar="[N]")
@gateway_option
@click.option("--entry", type=click.IntRange(min=1), metavar="E", help="Show which compactions replaced this entry.")
@url_option
@json_option
def summary(
    engine_key: str, number: int | None, gateway: str | None, entry: int | None, url: str | None, as_json_: bool
) -> None:
    """Show the summary of the N-th compaction of an engine (the last) beside the entries that it replaced."""
    if number is not None and entry is not None:
        raise WrongUsage("--entry looks through all compactions: leave their number out.")
    with opened_answers(settings(), url) as answers:
        if entry is not None:
            found = answers.replacing(engine_key, entry, gateway)
            _show_replacing(found, entry, engine_key, as_json_=as_json_)
            return
        answer = answers.summary(engine_key, gateway, number)
    if as_json_:
        say(as_json(answer))
    else:
        show_summary(answer, shutil.get_terminal_size().columns)


def show_summary(answer: SummaryAnswer, columns: int) -> None:
    """Tell people what a compaction's summary says and what it replaced, on lines of about so many columns."""
    compaction = answer.compaction
    say(
        f"{printable(compaction.engine_key)}  compaction {compaction.number} of {answer.compactions}: "
        f"{printable(compaction.trigger or 'trigger unknown')}, {compaction.outcome}"
    )
    if compaction.reason is not None:
        say(f"reason   {printable(compaction.reason)}")
    if compaction.tick_id is not None:
        say(f"tick     {printable(compaction.tick_id)}")
    say(f"event    {compaction.event_id}   {compaction.started_at}")
    say(f"claimed  {_change(compaction.tokens_before, compaction.tokens_after)}")
    say(f"context  {_contexts(compaction)}")
    if answer.replaced is not None and answer.summary is not None:
        after = "unknown" if answer.summary.tokens is None else f"{answer.summary.tokens:,}"
        say(f"summary  {_entries(answer.replaced)}, {answer.replaced_tokens:,} tokens → {after} tokens")
    if answer.summary is not None:
        say()
        for line in _lines(answer.summary.text):
            say(line)
    if answer.replaced:
        say("\nreplaced:")
        _show_entries(answer.replaced, max(columns - 40, 30))
    if answer.absent:
        say(f"\nnot on record: {', '.join(answer.absent)}")


def _change(before: int | None, after: int | None) -> str:
    if before is None and after is None:
        return "no figures"
    return " → ".join("unknown" if one is None else f"{one:,}" for one in (before, after)) + " tokens"


def _contexts(compaction: CompactionAnswer) -> str:
    numbers = " → ".join("none" if one is None else f"#{one}" for one in _around(compaction))
    if compaction.actual_reclaim is None:
        return numbers
    freed = f"{compaction.actual_reclaim:,} freed" + (" (less than a tenth)" if compaction.freed_nothing else "")
    return f"{numbers}: {_change(compaction.context_tokens_before, compaction.context_tokens_after)}, {freed}"


def _around(compaction: CompactionAnswer) -> tuple[int | None, int | None]:
    return compaction.context_before, compaction.context_after


def _entries(replaced: Sequence[ReplacedEntry]) -> str:
    return "1 entry" if len(replaced) == 1 else f"{len(replaced):,} entries"


def _lines(text: str | None) -> list[str]:
    """Break a summary into lines, as many as it has."""
    if text is None:
        return [f"  {NOT_KEPT}"]
    return [line for part in text.splitlines() for line in wrapped(printable(part)) or [""]]


def _show_entries(replaced: Sequence[ReplacedEntry], width: int) -> None:
    rows = [
        (str(one.entry), str(one.revision), one.role, f"{one.tokens:,}", shortened(_text(one), width))
        for one in replaced
    ]
    for line in table(("entry", "revision", "role", "tokens", "text"), rows):
        say(line)


def _text(entry: ReplacedEntry) -> str:
    called = f"[calls {', '.join(entry.tool_calls)}] " if entry.tool_calls else ""
    return printable(_SPACE.sub(" ", called + (entry.text if entry.text is not None else NOT_KEPT)))


def _show_replacing(found: Sequence[CompactionAnswer], entry: int, engine_key: str, *, as_json_: bool) -> None:
    if as_json_:
        for answer in found:
            say(as_json(answer))
        return
    if not found:
        say(f"No summary of {printable(engine_key)} is known to have replaced entry {entry}.")
        return
    header = ("number", "trigger", "context", "replaced", "started_at")
    rows = [
        (
            str(one.number),
            printable(one.trigger or "-"),
            _contexts(one),
            "-" if one.replaced_entries is None else str(one.replaced_entries),
            one.started_at,
        )
        for one in found
    ]
    for line in table(header, rows):
        say(line)
