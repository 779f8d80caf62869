"""JSON that is kept byte for byte, although no decoder takes all of it.

The decoder refuses lone surrogate escapes everywhere. So it reads a *shadow* of the line, in which they are
replaced at the same length; what is kept is always the original's bytes, found by walking the original.
"""

import json
import re
from array import array
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

MAX_DEPTH = 500
"""How deep lists and objects may be nested in a line, whatever the depth of the caller's stack."""

MAX_WHOLE = 2**63 - 1
MIN_WHOLE = -(2**63)

_UNICODE = re.compile(rb"\\u")  # twice as fast as `in`, where texts hold many `\n`
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPES = re.compile(
    rb"\\\\"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_REPLACEMENT = rb"\ufffd"

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"?'  # one without its end too, so that broken input is walked once
_STRINGS_AND_NUMBERS = re.compile(
    _STRING + rb"|(?P<sign>-?)(?P<whole>\d+)(?:\.(?P<fraction>\d+))?(?:[eE](?P<exponent>[+-]?\d+))?",
    re.DOTALL,
)
_BRACKETS = bytes.maketrans(b"[]{}", b"()()")
_NO_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_STEPS = bytes.maketrans(b"()", b"\x01\xff")  # +1 and -1, as signed bytes
_WALKED = 16_384  # brackets at once: each such step holds the interpreter, and others wait for it
_PASSES = 8
_BARE_STRINGS = re.compile(rb'"[^"]*"?')

_SPACE = re.compile(r"[ \t\n\r]*")
_ILLEGIBLE = re.compile(
    r"(?<!\\)(?:(?P<before>\\*)(?P<odd>[\x00\ud800-\udfff])|(?P<alike>\\+)(?=u(?:0000|d[89a-f][0-9a-f]{2})))"
)


def has_escapes(line: bytes) -> bool:
    """Tell whether the JSON text holds `\\u`: without it no text holds NULs, surrogates or what looks like them."""
    return _UNICODE.search(line) is not None


def shadow(line: bytes) -> bytes:
    """Give the JSON text with each lone surrogate escape replaced by `\\ufffd`: the same length, other bytes.

    Without any, it is the very same object.
    """
    if not _SURROGATE.search(line):
        return line
    replaced: bytearray | None = None
    for found in _ESCAPES.finditer(line):
        if found["lone"]:
            if replaced is None:
                replaced = bytearray(line)
            replaced[found.start() : found.end()] = _REPLACEMENT
    return line if replaced is None else bytes(replaced)


def too_deep(line: bytes) -> bool:
    """Tell whether lists and objects are nested deeper than MAX_DEPTH."""
    if line.count(b"[") + line.count(b"{") <= MAX_DEPTH:
        return False
    if b"\\" in line:
        line = line.replace(rb"\\", b"").replace(rb"\"", b"")
    structure = line.translate(_BRACKETS, delete=_NO_STRUCTURE)
    brackets = _BARE_STRINGS.sub(b"", structure.replace(b'""', b""))  # `""` is an empty string, or two that touch
    if b"(" * (MAX_DEPTH + 1) in brackets:
        return True
    deepest = MAX_DEPTH
    for _ in range(_PASSES):  # each takes the innermost away, which is nearly all of what isn't nested on purpose
        inner = brackets.replace(b"()", b"")
        if len(inner) == len(brackets):
            break  # empty, or unbalanced: that is for the decoder to say
        brackets, deepest = inner, deepest - 1
    depth = 0
    for start in range(0, len(brackets), _WALKED):
        steps = array("b", brackets[start : start + _WALKED].translate(_STEPS))
        depths = list(accumulate(steps, initial=depth))
        if max(depths) > deepest:
            return True
        depth = depths[-1]
    return False


def plain_numbers(text: bytes) -> bytes:
    """Write each number of the JSON text that is whole as a plain integer: `1e3` as `1000`, `12.0` as `12`.

    Those beyond 64 bits become the nearest integer of 64 bits. Fractions stay. It serves to read figures;
    content is never taken from it.
    """
    return _STRINGS_AND_NUMBERS.sub(_plain_number, text)


def _plain_number(found: re.Match[bytes]) -> bytes:
    token = found[0]
    if found["whole"] is None:
        return token
    digits, shift = found["whole"] + (found["fraction"] or b""), -len(found["fraction"] or b"")
    digits = digits.lstrip(b"0")
    if not digits:
        return b"0"
    shift += _exponent(found["exponent"] or b"0")
    if shift < 0:
        if digits[shift:].strip(b"0"):
            return token
        digits = digits[:shift]
    whole = int(digits + b"0" * shift) if len(digits) + max(shift, 0) < 20 else MAX_WHOLE + 1
    return b"%d" % (max(-whole, MIN_WHOLE) if found["sign"] else min(whole, MAX_WHOLE))


def _exponent(text: bytes) -> int:
    magnitude = text.lstrip(b"+-").lstrip(b"0")
    size = int(magnitude or b"0") if len(magnitude) < 10 else 10**10
    return -size if text.startswith(b"-") else size


def _nothing(_: object) -> None:
    return None


_SCANNER = json.JSONDecoder(parse_int=_nothing, parse_float=_nothing, object_pairs_hook=_nothing)


def members(text: bytes) -> dict[str, bytes]:
    """Give the members of one JSON object, each value as its exact bytes. Of equal keys the last counts.

    The text must be JSON; whether it is was for the decoder to say.
    """
    chars = text.decode("latin-1")  # so that an index is a byte's offset
    return {
        text_of(text[key:key_end]): text[start:end]
        for key, key_end, start, end in _member_spans(chars, _after_space(chars, 0))
    }


def elements(text: bytes) -> tuple[bytes, ...]:
    """Give the elements of one JSON list, each as its exact bytes."""
    chars = text.decode("latin-1")
    return tuple(text[start:end] for start, end in _element_spans(chars, _after_space(chars, 0)))


def _member_spans(chars: str, at: int) -> Iterator[tuple[int, int, int, int]]:
    at = _after_space(chars, at + 1)
    while chars[at] != "}":
        key_end = _value_end(chars, at)
        start = _after_space(chars, _after_space(chars, key_end) + 1)
        end = _value_end(chars, start)
        yield at, key_end, start, end
        at = _after_comma(chars, end)


def _element_spans(chars: str, at: int) -> Iterator[tuple[int, int]]:
    at = _after_space(chars, at + 1)
    while chars[at] != "]":
        end = _value_end(chars, at)
        yield at, end
        at = _after_comma(chars, end)


def _value_end(chars: str, at: int) -> int:
    value: tuple[Any, int] = _SCANNER.raw_decode(chars, at)
    return value[1]


def _after_space(chars: str, at: int) -> int:
    space = _SPACE.match(chars, at)
    return space.end() if space else at


def _after_comma(chars: str, at: int) -> int:
    at = _after_space(chars, at)
    return _after_space(chars, at + 1) if chars[at] == "," else at


def text_of(raw: bytes) -> str:
    """Decode one JSON string to text, which may hold NULs and lone surrogates."""
    text = json.loads(raw.decode())
    if not isinstance(text, str):
        raise TypeError(f"not a JSON string: {raw[:40]!r}")
    return text


def legible(key: str) -> str:
    """Write a key so that Postgres and UTF-8 can hold it; different keys stay different.

    NUL and lone surrogates become their JSON escapes (`\\u0000`, `\\ud800`). So that no other key reads the
    same, the backslashes directly before such an escape, or before what only looks like one, are doubled:
    an odd number of them makes an escape, as in JSON. Every other key is unchanged.
    """
    return _ILLEGIBLE.sub(_escaped, key)


def _escaped(found: re.Match[str]) -> str:
    if found["odd"]:
        return found["before"] * 2 + f"\\u{ord(found['odd']):04x}"
    return found["alike"] * 2
