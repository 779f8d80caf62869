"""What a runtime can do wrong."""

from domain.errors import HeartlineError, WrongUsage


class BadRequest(WrongUsage):
    """A request is not of its form; the message names the field."""

    code = "bad-request"


class AdvancementConflict(HeartlineError):
    """A turn was committed before under the same advancement key, with other messages. Nothing was written."""

    code = "advancement-conflict"
