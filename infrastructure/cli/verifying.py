"""`heartline verify` and `checkpoint`."""

import sys
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from infrastructure.cli.options import json_option, settings
from infrastructure.cli.output import as_json, say
from infrastructure.composition import opened_ledger
from infrastructure.ledger.checkpoint import append_checkpoint
from infrastructure.ledger.verify import verify as verify_ledger

EXIT_BROKEN = 1


@click.command(short_help="Prove that nothing was changed.")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare with the last checkpoint in this file, and its history.",
)
@json_option
def verify(checkpoint: Path | None, as_json_: bool) -> None:
    """Prove that nothing on record was changed. Exit code 1 if something was.

    By itself it proves that the ledger is consistent; with a checkpoint, kept elsewhere, also that nothing was cut off
    or rewritten up to it. It proves nothing about what came after, nor against someone who can write in both places.
    """
    with opened_ledger(settings()) as ledger:
        verification = verify_ledger(ledger, checkpoint=checkpoint)
    answer: dict[str, Any] = to_builtins(verification)
    if as_json_:
        say(as_json(answer))
    else:
        say(
            f"{answer['events']} events in {answer['partitions']} partitions: {'ok' if answer['ok'] else 'BROKEN'}"
            f"{', content of ' + str(answer['erased']) + ' entries erased' if answer['erased'] else ''}"
        )
        for one in answer["broken"]:
            say(f"  partition {one['partition']}, position {one['position']}: {one['reason']}")
    sys.exit(0 if answer["ok"] else EXIT_BROKEN)


@click.command(
    short_help="Write the heads to a file elsewhere.",
    epilog="""\b
Examples:
  heartline checkpoint /mnt/elsewhere/heartline.checkpoints
  heartline verify --checkpoint /mnt/elsewhere/heartline.checkpoints""",
)
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def checkpoint(file: Path, as_json_: bool) -> None:
    """Append the ledger's heads to a file, which should lie where the database's administrator can't write."""
    with opened_ledger(settings()) as ledger:
        taken = append_checkpoint(ledger, file)
    answer: dict[str, Any] = to_builtins(taken)
    say(as_json(answer) if as_json_ else f"checkpoint of {taken.at} in {file}: {taken.digest}")
