"""`heartline verify` and `checkpoint`."""

import sys
from pathlib import Path

import click

from infrastructure.cli.options import json_option, settings, url_option
from infrastructure.cli.output import as_json, say
from infrastructure.composition import opened_answers
from infrastructure.ledger.checkpoint import append_checkpoint

EXIT_BROKEN = 1


@click.command(short_help="Prove that nothing was changed.")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare with the last checkpoint in this file, and its history.",
)
@url_option
@json_option
def verify(checkpoint: Path | None, url: str | None, as_json_: bool) -> None:
    """Prove that nothing on record was changed. Exit code 1 if something was.

    By itself it proves that the ledger is consistent; with a checkpoint, kept elsewhere, also that nothing was cut off
    or rewritten up to it. It proves nothing about what came after, nor against someone who can write in both places.
    """
    with opened_answers(settings(), url) as answers:
        answer = answers.verification(checkpoint)
    if as_json_:
        say(as_json(answer))
    else:
        say(
            f"{answer.events} events in {answer.partitions} partitions: {'ok' if answer.ok else 'BROKEN'}"
            f"{f', content of {answer.erased} entries erased' if answer.erased else ''}"
            f"{f', of {answer.redacted} redacted' if answer.redacted else ''}"
        )
        for one in answer.broken:
            say(f"  partition {one.partition}, position {one.position}: {one.reason}")
    sys.exit(0 if answer.ok else EXIT_BROKEN)


@click.command(
    short_help="Write the heads to a file elsewhere.",
    epilog="""\b
Examples:
  heartline checkpoint /mnt/elsewhere/heartline.checkpoints
  heartline verify --checkpoint /mnt/elsewhere/heartline.checkpoints""",
)
@click.argument("file", type=click.Path(path_type=Path))
@url_option
@json_option
def checkpoint(file: Path, url: str | None, as_json_: bool) -> None:
    """Append the ledger's heads to a file, which should lie where the database's administrator can't write."""
    with opened_answers(settings(), url) as answers:
        taken = append_checkpoint(answers, file)
    say(as_json(taken) if as_json_ else f"checkpoint of {taken.at} in {file}: {taken.digest}")
