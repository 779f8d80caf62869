"""Whether a command line is one that `heartline` takes."""

import click

from infrastructure.cli.main import commands


def check(words: list[str]) -> None:
    """Parse the words after `heartline`, running nothing.

    Raises:
        click.UsageError: it is none.
    """
    command: click.Command = commands
    context = commands.make_context("heartline", list(words))
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        command, context = found, found.make_context(name, rest, parent=context)
