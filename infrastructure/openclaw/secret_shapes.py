"""Secrets that are known by their shape, wherever they stand."""

import re
from collections.abc import Iterator

LEAST_RUN = 16
"""What most shapes have in common: so many letters, digits, hyphens and underscores in a row. Most text has none."""

Found = tuple[int, int, bytes]
"""Where a secret begins and ends, and its kind."""

_BEGINS = rb"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4})|(?<=[\[;][0-9]m)|(?<=[\[;][0-9][0-9]m))"
"""Behind no letter or digit, unless that is of an escape, or of a terminal's colour."""

_MARKED = (
    (b"github-token", rb"gh[oprsu]_[A-Za-z0-9]{36,}+|github_pat_[A-Za-z0-9_]{22,}+"),
    (b"gitlab-token", rb"gl(?:agent|cbt|dt|ft|imt|oas|pat|ptt|rt|soat)-[A-Za-z0-9_-]{20,}+"),
    (b"slack-token", rb"xox[abceprs]-(?=[A-Za-z-]{0,20}[0-9])[A-Za-z0-9-]{10,}+|xapp-[0-9]-[A-Za-z0-9-]{10,}+"),
    (b"anthropic-key", rb"sk-ant-[A-Za-z0-9_-]{20,}+"),
    (b"stripe-key", rb"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}+|whsec_[A-Za-z0-9]{24,}+"),
    (b"npm-token", rb"npm_[A-Za-z0-9]{36,}+"),
    (b"pypi-token", rb"pypi-AgE[A-Za-z0-9_-]{50,}+"),
    (b"google-key", rb"GOCSPX-[A-Za-z0-9_-]{20,}+"),
)
"""Shapes whose beginning is found in nothing else."""

_BOUNDED = (
    (b"openai-key", rb"sk-(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{20,}+"),
    (b"aws-key", rb"A[KS]IA[A-Z0-9]{16}"),
    (b"google-key", rb"AIza[A-Za-z0-9_-]{35}"),
    (b"twilio-key", rb"(?:AC|SK)[0-9a-f]{32}"),
    (b"huggingface-token", rb"hf_[A-Za-z0-9]{30,}+"),
    (b"groq-key", rb"gsk_[A-Za-z0-9]{40,}+"),
    (b"xai-key", rb"xai-[A-Za-z0-9]{40,}+"),
    (b"telegram-token", rb"(?<=[0-9]{8}:)AA[A-Za-z0-9_-]{33}"),
)
"""Shapes that might begin within a word or an image."""


_BEGINNINGS = re.compile(
    b"gh[oprsu]_|github_pat_|gl[acdfioprs]|xox|xapp-|sk-|sk_|rk_|whsec_|npm_|pypi-|GOCSPX-|A[KS]IA|AIza|AC|SK|hf_|gsk_|xai-|AA"
)
"""With what the shapes above begin, each with a letter, so that most of a text is passed over quickly."""


def _named(shapes: tuple[tuple[bytes, bytes], ...], first: int = 0) -> bytes:
    return b"|".join(b"(?P<of%d>%s)" % (place, shape) for place, (_kind, shape) in enumerate(shapes, first))


_BEHIND_ANOTHER = re.compile(_named(_MARKED + _BOUNDED))
_SHAPE = re.compile(_named(_MARKED) + b"|" + _BEGINS + b"(?:" + _named(_BOUNDED, len(_MARKED)) + b")")
_KINDS = {f"of{place}": kind for place, (kind, _shape) in enumerate(_MARKED + _BOUNDED)}

_RUN = bytes(
    ord("a") if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "-_") else 0 for code in range(256)
)
"""Letters, digits, hyphens and underscores as `a`, anything else as NUL."""

_BLOB = re.compile(rb"[A-Za-z0-9+/]{256,}+")
"""An image or a file in base64: nothing begins within it."""

_SENDGRID = re.compile(rb"SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+")
_GOOGLE = re.compile(rb"ya29\.[A-Za-z0-9_.-]{20,}+")
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:[A-Za-z0-9+/=:,. \s]++|\\++[nrt]|-(?!----END))*+"
    rb"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
)
_IN_URL = re.compile(rb"""://[^\s/:@"'`\\<>]{0,128}+:(?!\$[A-Z_{(]|%[sd(]|\*{3})([^\s/@"'`\\<>]{3,256}+)@""")
_CLAIMS = re.compile(rb"\.eyJ[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]*+")
_LONGEST_HEADER = 4_096


def shaped_secrets(text: bytes) -> Iterator[Found]:
    """Find secrets by their shape, in no order; they may overlap."""
    flat = text.translate(_RUN)
    yield from _in_runs(text, flat)
    yield from _web_tokens(text, flat)
    for anchor, shape, kind in (
        (b"SG.", _SENDGRID, b"sendgrid-key"),
        (b"ya29.", _GOOGLE, b"google-key"),
        (b"-----BEGIN ", _PRIVATE_KEY, b"private-key"),
        (b"://", _IN_URL, b"password"),
    ):
        at = text.find(anchor)
        while at >= 0:
            found = shape.match(text, at)
            if found:
                yield *found.span(shape.groups), kind
            at = text.find(anchor, found.end() if found else at + len(anchor))


def _in_runs(text: bytes, flat: bytes) -> Iterator[Found]:
    wanted = b"a" * LEAST_RUN
    at = flat.find(wanted)
    while at >= 0:
        end = flat.find(b"\0", at + LEAST_RUN)
        end = len(flat) if end < 0 else end
        last = -1
        while begins := _BEGINNINGS.search(text, at, end):
            shape = _BEHIND_ANOTHER if begins.start() == last else _SHAPE
            found = shape.match(text, begins.start(), end)
            if found:
                last = found.end()
                yield _whole(text, *found.span(), _KINDS[found.lastgroup or ""])
            at = found.end() if found else begins.start() + 1
        if text[end : end + 1] in (b"+", b"/") and (blob := _BLOB.match(text, at)):
            end = blob.end()
        at = flat.find(wanted, end)


def _web_tokens(text: bytes, flat: bytes) -> Iterator[Found]:
    """Find JSON web tokens by their second part, whose beginning hardly anything else has."""
    at = text.find(b".eyJ")
    while at >= 0:
        claims = _CLAIMS.match(text, at)
        begins = flat.rfind(b"\0", max(at - _LONGEST_HEADER, 0), at) + 1
        header = text.find(b"eyJ", begins, at)
        if claims and header >= 0:
            yield header, claims.end(), b"jwt"
        at = text.find(b".eyJ", claims.end() if claims else at + 1)


def _whole(text: bytes, start: int, end: int, kind: bytes) -> Found:
    """Leave out a first letter that is the end of an escape (`\\n`): no half of one may stay."""
    return start + (text[start - 1 : start] == b"\\"), end, kind
