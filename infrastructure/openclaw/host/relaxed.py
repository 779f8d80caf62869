"""JSON as people write it into a configuration: with comments, trailing commas, and the rest of JSON5."""

import json
import re
from typing import Any

import json5

from infrastructure.openclaw.lossless import too_deep

MOST_BYTES = 2 * 1024 * 1024
MOST_RELAXED_BYTES = 32 * 1024
"""How long a text may be that only the JSON5 library reads: it takes a second for some 9 KB."""

_TOKENS = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n\r]*|/\*.*?\*/|,(?=(?:\s|//[^\n\r]*|/\*.*?\*/)*[}\]])', re.DOTALL)
_LINE = re.compile(r":(\d+) ")


class Unreadable(Exception):
    """A text is not JSON5, or more than can be read. The reason quotes nothing of it."""


def read_relaxed(data: bytes) -> Any:
    """Read JSON, or JSON5, to plain values. Of equal keys the last counts.

    Strict JSON, which the host itself writes, is read at once; so is what is JSON but for comments and trailing commas.

    Raises:
        Unreadable: it can't be.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(f"longer than {MOST_BYTES} bytes")
    if too_deep(data):
        raise Unreadable("nested too deeply")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 at byte {error.start}") from None
    for strict in (text, _TOKENS.sub(lambda found: found[1] or " ", text) if len(text) <= MOST_BYTES else ""):
        try:
            return json.loads(strict)
        except (ValueError, RecursionError):
            continue
    if len(data) > MOST_RELAXED_BYTES:
        raise Unreadable(f"neither JSON with comments nor JSON5 of at most {MOST_RELAXED_BYTES} bytes")
    try:
        return json5.loads(text)
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except ValueError as error:
        found = _LINE.search(str(error))
        raise Unreadable(f"not JSON5, at line {found[1]}" if found else "not JSON5") from None
