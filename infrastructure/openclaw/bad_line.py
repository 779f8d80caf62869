"""Why a line is refused, in words that a person understands."""

import re
from typing import ClassVar

import msgspec

from domain.errors import HeartlineError

_AT = re.compile(r" - at `\$?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]*)`$")
_WRONG = re.compile(r"^Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`$")
_MALFORMED = re.compile(r"^JSON is malformed: (?P<what>.*) \(byte (?P<at>\d+)\)$")

_KINDS = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
}
_GOT = _KINDS | {"float": "a fraction", "int": "a number", "bool": "a boolean"}


class BadLine(HeartlineError):
    """A line that isn't of the format; `reason` says why, and names the field by its path."""

    code: ClassVar[str] = "bad-line"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def missing(path: str) -> BadLine:
    """Make the error for a field that the format demands and the line lacks."""
    return BadLine(f"`{path}` is missing")


def mistyped(path: str, wanted: str, raw: bytes) -> BadLine:
    """Make the error for a field whose JSON value `raw` is of the wrong kind."""
    return BadLine(f"{_named(path)} should be {wanted}, got {kind_of(raw)}")


def kind_of(raw: bytes) -> str:
    """Name the kind of one JSON value, by its first byte."""
    kinds = {
        b'"': "a string",
        b"{": "an object",
        b"[": "a list",
        b"n": "null",
        b"t": "a boolean",
        b"f": "a boolean",
    }
    return kinds.get(raw[:1], "a number")


def malformed(error: msgspec.DecodeError, length: int) -> BadLine:
    """Turn the decoder's complaint about the syntax of a line of `length` bytes into a reason.

    Bytes are counted from 0.
    """
    if found := _MALFORMED.match(str(error)):
        return BadLine(f"not JSON: {found['what']} at byte {found['at']}")
    return BadLine(f"not JSON: it ends too early, at byte {length}")


def mismatched(error: msgspec.ValidationError, where: str) -> BadLine:
    """Turn the decoder's complaint about a field of the object at `where` ("" is the line) into a reason."""
    message = str(error)
    path = where
    if at := _AT.search(message):
        message = message[: at.start()]
        path = (where + at["path"]).removeprefix(".")
    if lacking := _MISSING.match(message):
        return missing(f"{path}.{lacking['name']}".removeprefix("."))
    if wrong := _WRONG.match(message):
        if wrong["got"] == "null" and path:
            return missing(path)
        wanted = " or ".join(_KINDS.get(kind, kind) for kind in wrong["wanted"].split(" | ") if kind != "null")
        return BadLine(f"{_named(path)} should be {wanted}, got {_GOT.get(wrong['got'], wrong['got'])}")
    if message.startswith("Expected `int` >= 0"):
        return BadLine(f"{_named(path)} should not be negative")
    return BadLine(f"{_named(path)}: {message[:1].lower()}{message[1:]}")


def _named(path: str) -> str:
    return f"`{path}`" if path else "the line"
