"""Secrets of known shapes in a message's JSON: each gives way to a mask that says its kind, and nothing else changes.

What has a shape of its own (a provider's key, a JWT, a private key, the password in a URL) is known wherever it stands;
anything else is one only by its name: `password=…`, `"api_key": "…"`, `Authorization: …`, and only if its value looks
random. Digests, UUIDs and images stay, as does what names no secret.

A message is read as bytes, once for each thing that is looked for, in linear time; names are looked at only where
they occur, and shapes only in runs of characters that are long enough. Characters that are written as escapes
(`\\u002d`, `\\/`, in tool arguments also `\\\\u002d`) are read as what they stand for, and a mask replaces them whole.
"""

import re
from bisect import bisect_right
from typing import NamedTuple

from infrastructure.openclaw.secret_names import named_secrets
from infrastructure.openclaw.secret_shapes import shaped_secrets

_ESCAPE = re.compile(rb"\\++(?:/|u00(2[027bBdDeEfF]|3[0-9aAdD]|[46][0-9a-fA-F]|5[0-9aAcCfF]|7[0-9aAeE]))")
"""A character that may be of a secret, of its name or of what stands between, written as an escape of any depth."""


MOST_PASSES = 4
"""How often a message is looked at: what stood beside a secret may be seen for one only without it. Twice is usual."""


class _Mask(NamedTuple):
    start: int
    end: int
    kind: bytes


def _start(mask: _Mask) -> int:
    return mask.start


def masked(data: bytes) -> bytes:
    """Give a message's JSON with its secrets masked (`<redacted:github-token>`); itself where there are none.

    It stays valid JSON of the same structure. What was masked once comes out as it is.
    """
    for _pass in range(MOST_PASSES):
        before, data = data, _masked_once(data)
        if data is before:
            break
    return data


def _masked_once(data: bytes) -> bytes:
    read = _Unescaped(data) if b"\\u00" in data or b"\\/" in data else None
    text = data if read is None else read.text
    found = [_Mask(*one) for one in (*shaped_secrets(text), *named_secrets(text))]
    masks = _apart(sorted(found, key=_start))
    if not masks:
        return data
    parts: list[bytes] = []
    done = 0
    for mask in masks:
        start, end = (mask.start, mask.end) if read is None else (read.place(mask.start), read.place(mask.end))
        parts += (data[done:start], b"<redacted:", mask.kind, b">")
        done = end
    parts.append(data[done:])
    return b"".join(parts)


def _apart(masks: list[_Mask]) -> list[_Mask]:
    """Make one of those that overlap. It has the kind of the first of them; by shape, of those that begin alike."""
    apart: list[_Mask] = []
    for one in masks:
        if apart and one.start < apart[-1].end:
            apart[-1] = apart[-1]._replace(end=max(apart[-1].end, one.end))
        else:
            apart.append(one)
    return apart


class _Unescaped:
    """A text whose escapes are read as what they stand for, and where each byte of it came from."""

    def __init__(self, data: bytes) -> None:
        parts: list[bytes] = []
        self._read, self._written = [0], [0]
        done = length = 0
        for escape in _ESCAPE.finditer(data):
            character = b"/" if escape[1] is None else bytes.fromhex(escape[1].decode())
            parts += (data[done : escape.start()], character)
            length += escape.start() - done + 1
            done = escape.end()
            self._read.append(length)
            self._written.append(done)
        parts.append(data[done:])
        self.text = b"".join(parts)

    def place(self, at: int) -> int:
        """Give the place in the data that a place in the text stands for."""
        near = bisect_right(self._read, at) - 1
        return self._written[near] + at - self._read[near]
