"""What can go wrong between here and a service, and how its problems become errors here."""

from typing import Any, cast

from msgspec import Struct, json

from domain.errors import HeartlineError, WrongUsage


class UnreadableUrl(WrongUsage):
    """What is given as a service's URL is none."""

    code = "unreadable-url"


class UnreadableToken(WrongUsage):
    """What is given as a token can't be one."""

    code = "unreadable-token"


class ServiceUnreachable(HeartlineError):
    """No service answers there, or it broke off."""

    code = "service-unreachable"


class ServiceTimeout(HeartlineError):
    """The service did not answer in time."""

    code = "service-timeout"


class NotAService(HeartlineError):
    """What answers there is no Heartline service, or of another version."""

    code = "not-a-service"


class Told(Struct, frozen=True):
    """A problem as a service tells of it (RFC 9457)."""

    detail: str
    code: str
    errors: list[Any] = []


_TOLD = json.Decoder(Told)

_MEANT_OTHERWISE = (400, 404)
"""Statuses that say that the request can't be meant, where the code of the problem is not known here."""

_ADVICE = {
    401: " Put a token of that service (`heartline token create`) into HEARTLINE_TOKEN.",
    403: " The token in HEARTLINE_TOKEN does not allow it: take one with another scope, or for this gateway.",
}


def error_of(status: int, body: bytes) -> HeartlineError | None:
    """Make the error that a service's problem tells of, of the same class and code as there; None if it is none."""
    try:
        told = _TOLD.decode(body)
    except ValueError:
        return None
    message = told.detail + "".join(f" {_named(one)}" for one in told.errors) + _ADVICE.get(status, "")
    known = {kind.code: kind for kind in _kinds(HeartlineError)}.get(told.code)
    if known is not None and known.__init__ is Exception.__init__:
        return known(message)
    base = WrongUsage if status in _MEANT_OTHERWISE else HeartlineError
    kind = cast("type[HeartlineError]", type("ServiceProblem", (base,), {"code": told.code}))
    return kind(message)


def _named(error: Any) -> str:
    """Name the parameter that the service complains about."""
    match error:
        case {"message": str(message), "key": str(key)}:
            return f"{key}: {message}."
        case _:
            return str(error)


def _kinds(base: type[HeartlineError]) -> list[type[HeartlineError]]:
    """Give the kinds of errors that there are here, those that have a code of their own."""
    kinds = [kind for direct in base.__subclasses__() for kind in (direct, *_kinds(direct))]
    return [kind for kind in kinds if "code" in vars(kind)]
