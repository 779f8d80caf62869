"""The command line: `heartline`."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click
from psycopg import Error as PostgresError

from domain.errors import HeartlineError, WrongUsage
from infrastructure.cli.auditing import audit
from infrastructure.cli.checking import check, sources
from infrastructure.cli.doctor import doctor, migrate
from infrastructure.cli.generating import generate
from infrastructure.cli.keeping import backup, restore
from infrastructure.cli.listing import COMMANDS as LISTS
from infrastructure.cli.output import note
from infrastructure.cli.projecting import projections, rebuild
from infrastructure.cli.reading import context, events, state, streams
from infrastructure.cli.recording import import_
from infrastructure.cli.searching import search
from infrastructure.cli.serving import serve
from infrastructure.cli.summaries import summary
from infrastructure.cli.tokens import token
from infrastructure.cli.verifying import checkpoint, verify

EXIT_WRONG_USAGE = 2
EXIT_NOT_DONE = 3
EXIT_INTERRUPTED = 130

EPILOG = """\b
Examples:
  heartline import recording.ndjson --trace cache-trace.jsonl
  heartline audit
  heartline engines
  heartline context agent:main:main:heartbeat --call 4
  heartline events agent:main:main:heartbeat --json | jq .type

\b
The ledger lies in an embedded Postgres below HEARTLINE_HOME, or in HEARTLINE_DATABASE_URL.
Exit codes: 0 fine, 1 findings or a broken chain, 2 wrong usage, 3 it could not be done."""


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. click would answer a reader that left with exit code 1, which says "findings" here."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _nobody_reads()
            return None


@click.group(
    cls=_Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(package_name="heartline")
def commands() -> None:
    """The event ledger of agent context: what did the model see at this tick, and where did each entry come from?"""


for command in (
    import_,
    streams,
    *LISTS,
    events,
    state,
    context,
    summary,
    search,
    audit,
    check,
    sources,
    verify,
    checkpoint,
    projections,
    rebuild,
    serve,
    doctor,
    migrate,
    backup,
    restore,
    token,
    generate,
):
    commands.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit as the contracts say."""
    end_with(lambda: commands.main(args=arguments, prog_name="heartline", standalone_mode=False))


def end_with(run: Callable[[], int | None]) -> NoReturn:
    """Run something that prints, and exit as the contracts say."""
    _write_anything()
    try:
        sys.exit(run() or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_WRONG_USAGE)
    except (click.Abort, KeyboardInterrupt):
        note("Interrupted. What was acknowledged is recorded; run it again for the rest.")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        _nobody_reads()
        sys.exit(0)
    except HeartlineError as error:
        note(f"heartline: {error} [{error.code}]")
        sys.exit(EXIT_WRONG_USAGE if isinstance(error, WrongUsage) else EXIT_NOT_DONE)
    except PostgresError as error:
        note(
            f"heartline: The database refused: {' '.join(str(error).split())}. See `heartline doctor`. [database-error]"
        )
        sys.exit(EXIT_NOT_DONE)
    except OSError as error:
        note(f"heartline: {error.filename or 'A file'}: {error.strerror}. [system-error]")
        sys.exit(EXIT_NOT_DONE)
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _nobody_reads()


def _write_anything() -> None:
    """Write UTF-8 where no terminal says otherwise, as JSON demands, and escape what a terminal can't show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def _nobody_reads() -> None:
    """Let what is still to be written go nowhere, or Python complains once more when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
