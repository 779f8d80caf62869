"""What a token lets its bearer do.

`admin` may everything. `read` may read everything, of every gateway. `write` may record what happened at its one
gateway and command that gateway's engines, and **not** read: a recorder's token lies in the configuration of a host
that runs plugins, and must not give away what other gateways' models saw. (What an engine's own command answers, an
assembled context for example, belongs to the command.)
"""

from typing import Literal, assert_never

from msgspec import Struct

from infrastructure.access.errors import NotAllowed

Scope = Literal["write", "read", "admin"]


class Grant(Struct, frozen=True):
    """What was granted to whoever presented a token. `gateway` is that of the scope `write`, None for the others."""

    token_id: str
    scope: Scope
    gateway: str | None


class Reading(Struct, frozen=True):
    """To ask for anything that is on record."""


class Writing(Struct, frozen=True):
    """To record what happened at a gateway, or to command one of its engines."""

    gateway: str


class Administering(Struct, frozen=True):
    """To do anything else: what concerns the ledger or the service as a whole."""


Wanted = Reading | Writing | Administering


def allows(grant: Grant, wanted: Wanted) -> bool:
    """Say whether a grant reaches as far as what is wanted."""
    match wanted:
        case Reading():
            return grant.scope in ("read", "admin")
        case Writing(gateway):
            return grant.scope == "admin" or (grant.scope == "write" and grant.gateway == gateway)
        case Administering():
            return grant.scope == "admin"
        case _:
            assert_never(wanted)


def check_allowed(grant: Grant, wanted: Wanted) -> None:
    """Refuse what a grant does not reach.

    Raises:
        NotAllowed: it names the scope that is needed.
    """
    if allows(grant, wanted):
        return
    match wanted:
        case Reading():
            needed = "--scope read"
        case Writing(gateway):
            needed = f"--scope write --gateway {gateway}"
        case Administering():
            needed = "--scope admin"
        case _:
            assert_never(wanted)
    held = f"scope {grant.scope}" + (f" for gateway {grant.gateway}" if grant.gateway else "")
    raise NotAllowed(
        f"Token {grant.token_id} has {held}, which does not allow this: use one made with "
        f"`heartline token create NAME {needed}`."
    )
