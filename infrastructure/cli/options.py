"""Options that several commands have."""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from infrastructure.settings import Settings, settings_from

Function = TypeVar("Function", bound=Callable[..., Any])


def utf8(text: str) -> str:
    """Take text that UTF-8 can hold, which not every argument of a command line is."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise click.BadParameter(f"{text!r} is not UTF-8.") from None
    return text


class Count(click.IntRange):
    """A number from 1 on. Its end is that of machine words, which says nothing to people, so help leaves it out."""

    def __init__(self) -> None:
        super().__init__(min=1, max=sys.maxsize)

    def _describe_range(self) -> str:
        return "x>=1"


COUNT = Count()
"""How many are given at most."""


def json_option(function: Function) -> Function:
    """Answer for programs."""
    return click.option("--json", "as_json_", is_flag=True, help="Answer in JSON: lists one object a line.")(function)


def gateway_option(function: Function) -> Function:
    """Say which host installation is meant."""
    return click.option(
        "--gateway",
        type=utf8,
        metavar="NAME",
        help="The host installation that is meant, where several have the same keys.",
    )(function)


def url_option(function: Function) -> Function:
    """Ask a service. There is no variable for it: one that was forgotten would send a recording elsewhere, silently."""
    return click.option(
        "--url",
        type=utf8,
        metavar="URL",
        help="Ask the service there instead of a database; its token is taken from HEARTLINE_TOKEN.",
    )(function)


def settings() -> Settings:
    """Read the environment."""
    return settings_from(os.environ)
