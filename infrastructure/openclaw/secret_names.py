"""Secrets that are known by their name, if their value looks random."""

import re
from collections.abc import Iterator

from infrastructure.openclaw.secret_shapes import Found

MOST_LOOKED_AT = 256
"""How many bytes of a value are looked at to tell whether it is random."""

LEAST_PASSWORD, LEAST_RANDOM = 8, 16
"""How long a password is at least, and what else a name calls secret, in bytes."""

_OF_KEYS = (
    b"api",
    b"access",
    b"secret",
    b"private",
    b"signing",
    b"encryption",
    b"auth",
    b"account",
    b"master",
    b"shared",
)
"""What stands before the word `key` where that is a secret: a key of JSON is none."""

_CHARACTERS = rb"""[^\s"'`\\<>,;&(){}\[\]]"""

_GIVEN = (
    rb"""(?:[_-]?value)?"""
    rb"""(?:\\*["'`]\s*(?:[:=]|=>|:=)\s*\\*["'`]|\s*(?:[:=]|=>|:=)\s*(?:\\*["'`])?|(?P<said>[ ]++(?:\\*["'`])?))"""
    rb"""(?:(?:bearer|basic|token|bot)[ ]++)?"""
    rb"""(?P<value>%s{%d,%d}+)""" % (_CHARACTERS, LEAST_PASSWORD, MOST_LOOKED_AT)
)
"""From a name to its value. Where the name is in quotes, its value is too: it might be a number of JSON. It is only
`said` behind an option (`--token …`) and behind `Bearer`.
"""

_NAMES: tuple[tuple[bytes, re.Pattern[bytes], bytes], ...] = tuple(
    (anchor, re.compile(b"(?i:(?:" + name + b")" + _GIVEN + b")"), kind)
    for anchor, name, kind in (
        (b"pass", rb"pass(?:word|wd|phrase|code)|(?<![A-Za-z])pass", b"password"),
        (b"pwd", rb"pwd", b"password"),
        (b"secret", rb"secret", b"secret"),
        (b"token", rb"token", b"token"),
        (b"key", rb"key", b"api-key"),
        (b"auth", rb"auth(?:orization)?", b"token"),
        (b"bearer", rb"bearer", b"token"),
    )
)
"""What a name of a secret ends with, in small letters, and how it goes on."""

_REST = re.compile(_CHARACTERS + b"*+")
_LETTER, _DIGIT = re.compile(rb"[A-Za-z]"), re.compile(rb"[0-9]")

_PLACEHOLDERS = re.compile(
    rb"^(?:\$[A-Z_{(]|%[sd(])|(?i:process\.env|os\.environ|\.env\b|example|placeholder|your[_-]|x{5}|\*{3}|\.{3})"
)
"""What stands for a value that is somewhere else."""


def named_secrets(text: bytes) -> Iterator[Found]:
    """Find what is given as a secret by a name, in no order; they may overlap."""
    lower = text.lower()
    for anchor, name, kind in _NAMES:
        at = lower.find(anchor)
        while at >= 0:
            end = at + len(anchor)
            found = name.match(text, at)
            if found and _gives(found, lower, anchor):
                start, end = found.span("value")
                if rest := _REST.match(text, end):
                    end = rest.end()
                yield start, end, kind
            at = lower.find(anchor, end)


def _gives(found: re.Match[bytes], lower: bytes, anchor: bytes) -> bool:
    """Say whether a name gives a secret, where a value stands behind it."""
    if anchor == b"key" and not lower[max(found.start() - 12, 0) : found.start()].rstrip(b"_-. ").endswith(_OF_KEYS):
        return False
    if found["said"] is not None and anchor != b"bearer" and not _is_option(lower, found.start()):
        return False
    return looks_random(found["value"], LEAST_PASSWORD if anchor in (b"pass", b"pwd") else LEAST_RANDOM)


def _is_option(lower: bytes, at: int) -> bool:
    before = lower[max(at - 24, 0) : at]
    return b"--" in before and b" " not in before[before.rindex(b"--") :]


def looks_random(value: bytes, least: int) -> bool:
    """Say whether nobody would have thought of a value, which is so long at least: it has letters and digits, many
    different ones, and does not stand for another.
    """
    return (
        len(value) >= least
        and bool(_DIGIT.search(value) and _LETTER.search(value))
        and len(set(value)) * 2 >= least
        and not _PLACEHOLDERS.search(value)
    )
