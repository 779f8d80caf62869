"""What can be wrong with a token. No message holds one."""

from domain.errors import HeartlineError, WrongUsage


class BadToken(WrongUsage):
    """A token can't be made so: its name, or its scope with this gateway, is none."""

    code = "bad-token"


class TokenNotFound(WrongUsage):
    """No token, or more than one, is meant by what was given."""

    code = "token-not-found"


class UnknownToken(HeartlineError):
    """What was presented is no token, or one that was revoked or has expired. (HTTP: 401.)"""

    code = "unknown-token"


class NotAllowed(HeartlineError):
    """The token is good, and its scope does not reach so far. (HTTP: 403.)"""

    code = "not-allowed"
