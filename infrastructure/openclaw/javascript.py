"""Values written as JavaScript writes them: the host hashes its messages in such a form."""

import json
import math
import re
from decimal import Decimal
from typing import Any, Final

_EXACT = 2**53
_SURROGATES = re.compile("[\ud800-\udfff]")


class _Undefined:
    """JavaScript's `undefined`: a member that an object has, and that JSON leaves out."""


Undefined: Final = _Undefined()
"""The value of a member that is there, but is in no JSON text."""


def stable_json(value: Any) -> str:
    """Write a value that was read from JSON so that equal ones have equal texts, as the host does.

    Keys stand in the order of their UTF-16 code units. Numbers are those of JavaScript, which has only doubles. Lone
    surrogates are written as escapes. A member that is Undefined is written as such.
    """
    if isinstance(value, str):
        return text_json(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, int | float):
        return number_json(value)
    written: list[str] = []
    if isinstance(value, list):
        for held in value:  # a loop, so that each depth takes one frame
            written.append(stable_json(held))
        return f"[{','.join(written)}]"
    if isinstance(value, dict):
        for key in sorted(value, key=_code_units):
            written.append(f"{text_json(key)}:{stable_json(value[key])}")
        return f"{{{','.join(written)}}}"
    return "undefined"


def text_json(text: str) -> str:
    """Write a text: only what must be escaped is, and lone surrogates."""
    written = json.dumps(text, ensure_ascii=False)
    return written if written.isascii() else _SURROGATES.sub(_escaped, written)


def number_json(number: float) -> str:
    """Write a number as the double that JavaScript has for it, with the fewest digits that name it."""
    if isinstance(number, int) and abs(number) < _EXACT:
        return str(number)
    try:
        double = float(number)
    except OverflowError:
        double = math.inf if number > 0 else -math.inf
    if not math.isfinite(double):
        return f'"{"NaN" if math.isnan(double) else "Infinity" if double > 0 else "-Infinity"}"'
    if double == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(double)).as_tuple()
    return ("-" if sign else "") + _positioned("".join(map(str, digits)), int(exponent))


def _positioned(digits: str, exponent: int) -> str:
    """Put the point into the digits of `digits` * 10**`exponent`, or an exponent behind them, as JavaScript does."""
    stripped = digits.rstrip("0")
    exponent += len(digits) - len(stripped)
    point = len(stripped) + exponent
    if len(stripped) <= point <= 21:
        return stripped + "0" * exponent
    if 0 < point <= 21:
        return f"{stripped[:point]}.{stripped[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{stripped}"
    shown = stripped[0] + (f".{stripped[1:]}" if len(stripped) > 1 else "")
    return f"{shown}e{point - 1:+d}"


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _code_units(key: str) -> bytes:
    """Order keys as JavaScript does: it differs from the order of code points beyond the first plane."""
    return key.encode("utf-16-be", "surrogatepass")
