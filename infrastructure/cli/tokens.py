"""`heartline token`: who may use the service."""

import click
from msgspec import to_builtins

from infrastructure.access.scopes import Scope
from infrastructure.answers.objects import TokenAnswer
from infrastructure.answers.times import parse_age
from infrastructure.cli.options import json_option, settings, url_option, utf8
from infrastructure.cli.output import as_json, note, say, table
from infrastructure.composition import opened_tokens


@click.group(short_help="Make, list and revoke tokens for the service.")
def token() -> None:
    """Bearer tokens for the service: who may read, who may record, who may everything.

    \b
    write  record at one gateway and command its engines; not read
    read   read everything, of every gateway
    admin  everything

    A running service knows what was created or revoked within a second. Tokens are kept as digests only.
    """


@token.command(
    short_help="Make a token, and show it once.",
    epilog="""\b
Examples:
  TOKEN=$(heartline token create "laptop recorder" --scope write --gateway laptop)
  heartline token create dashboard --scope read --expires-in 90d
  heartline token create me --scope admin --json | jq -r .secret

\b
To rotate one: create another, give it to whoever uses it, then revoke the old one.""",
)
@click.argument("name", type=utf8)
@click.option("--scope", type=click.Choice(["write", "read", "admin"]), required=True, help="What it lets one do.")
@click.option("--gateway", type=utf8, metavar="NAME", help="With write: the one gateway that it is for.")
@click.option("--expires-in", metavar="AGE", help="For how long it works, such as 90d; else until it is revoked.")
@url_option
@json_option
def create(
    name: str, scope: Scope, gateway: str | None, expires_in: str | None, url: str | None, as_json_: bool
) -> None:
    """Make a token. It is printed once, alone on standard output, and can't be shown again."""
    lifetime = None if expires_in is None else parse_age(expires_in)
    with opened_tokens(settings(), url) as tokens:
        made = tokens.create(name, scope, gateway, lifetime)
    if as_json_:
        say(as_json(made))
        return
    say(made.secret or "")
    reach = f"gateway {made.gateway}" if made.gateway else "all gateways"
    until = "until it is revoked" if made.expires_at is None else f"until {made.expires_at}"
    note(f"Token {made.token_id} ({made.name}): {made.scope}, {reach}, {until}. Keep it: it is not shown again.")


@token.command(
    name="list",
    short_help="List the tokens.",
    epilog="""\b
Examples:
  heartline token list
  heartline token list --json | jq -r 'select(.live) | .token_id'""",
)
@url_option
@json_option
def list_(url: str | None, as_json_: bool) -> None:
    """List every token that was made, revoked ones too, without what would prove it."""
    with opened_tokens(settings(), url) as tokens:
        answers = [_answer(one) for one in tokens.list()]
    if as_json_:
        for answer in answers:
            say(as_json(answer))
        return
    columns = ("token_id", "name", "scope", "gateway", "live", "created_at", "expires_at", "revoked_at")
    rows = [[_cell(answer[column]) for column in columns] for answer in answers]
    for line in table(columns, rows):
        say(line)


@token.command(
    short_help="Revoke a token.",
    epilog="""\b
Examples:
  heartline token revoke 5f0c2a9be1d7
  heartline token revoke "laptop recorder" """,
)
@click.argument("token_id", type=utf8, metavar="ID|NAME")
@url_option
@json_option
def revoke(token_id: str, url: str | None, as_json_: bool) -> None:
    """Revoke a token, by its id or by a name that only one has. A running service refuses it within a second."""
    with opened_tokens(settings(), url) as tokens:
        revoked = tokens.revoke(token_id)
    if as_json_:
        say(as_json(_answer(revoked)))
    else:
        say(f"token {revoked.token_id} ({revoked.name}) is revoked since {revoked.revoked_at}")


def _answer(one: TokenAnswer) -> dict[str, object]:
    answer: dict[str, object] = to_builtins(one)
    answer.pop("secret")
    return answer


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
