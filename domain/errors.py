"""Every error that Heartline raises: one base, one code each."""

from typing import ClassVar


class HeartlineError(Exception):
    """Something that a person can act upon.

    The message says what happened, to which key or line, and what to do. `code` is stable and scriptable.
    """

    code: ClassVar[str] = "heartline-error"


class WrongUsage(HeartlineError):
    """The request itself can't be meant: the command line answers with exit code 2."""

    code = "wrong-usage"
