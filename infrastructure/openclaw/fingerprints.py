"""The host's fingerprint of a message, which its cache trace has even of those that it cut away.

It is the SHA-256 of the message as it was in memory, before the host cut or redacted anything of it, written as JSON
in a form of its own: keys in the order of their UTF-16 code units at every depth, no spaces, everything else as
JavaScript writes it. Both recorded releases do the same. So of a message that is whole it can be computed, and:

- where it differs, the host altered what it shows (`shown_whole`): it leaves out members that are named like
  credentials, and leaves no mark;
- a message that was cut away is one that is kept elsewhere, if a form in which the host submits that one has the
  fingerprint (`fingerprints_of`), and that form is what was submitted (`as_submitted`).
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, tzinfo
from hashlib import sha256
from typing import Any

from infrastructure.openclaw.forms import Message, forms_of
from infrastructure.openclaw.javascript import Undefined, stable_json
from infrastructure.openclaw.lossless import too_deep

_SURROGATES = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\ud[89a-f][0-9a-f]{2}")


def fingerprint_of(message: bytes) -> str | None:
    """Give the fingerprint of a message, as hexadecimal, from its exact bytes; None if they are no JSON object.

    Lone surrogates count as their escapes, as they did in older releases of the host.
    """
    try:
        read = _read(message)
        return None if read is None else _digest(read)
    except RecursionError:
        return None


def fingerprints_of(message: bytes, zones: Iterable[tzinfo] = (UTC,)) -> tuple[str, ...]:
    """Give the fingerprints that a kept message can have where it is submitted; the first is its own.

    They are those of its forms (`forms.forms_of`). None at all if the bytes are no JSON object.
    """
    try:
        read = _read(message)
        found = [] if read is None else [_digests(form) for form in forms_of(read, tuple(zones))]
    except RecursionError:
        return ()
    return tuple(dict.fromkeys(digest for digests in found for digest in digests))


def as_submitted(message: bytes, fingerprint: str, zones: Iterable[tzinfo] = (UTC,)) -> bytes | None:
    """Give a kept message in the form that has a fingerprint: what was submitted, but for the order of its members.

    None if no form of it has that fingerprint. The message's own bytes, if it is the message as it is kept.
    """
    try:
        read = _read(message)
        for form in () if read is None else forms_of(read, tuple(zones)):
            if fingerprint in _digests(form):
                shown = {key: value for key, value in form.items() if value is not Undefined}
                return message if shown == read else _bytes_of(shown)
    except RecursionError:
        pass
    return None


def shown_whole(message: bytes, fingerprint: str | None) -> bool:
    """Tell whether what a trace shows of a message is all of it, unaltered; yes where it has no fingerprint to tell.

    A result that comes from its tool may have details that are `undefined`: they are in the fingerprint alone.
    """
    if fingerprint is None:
        return True
    try:
        read = _read(message)
        if read is None:
            return False
        return fingerprint in _digests(read) or fingerprint in _digests({"details": Undefined, **read})
    except RecursionError:
        return False


def _read(message: bytes) -> Message | None:
    if too_deep(message):
        return None
    try:
        read = json.loads(message)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _bytes_of(form: Message) -> bytes:
    text = json.dumps(form, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATES.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def _digest(form: Message) -> str:
    return sha256(stable_json(form).encode()).hexdigest()


def _digests(form: Message) -> list[str]:
    """Give the digest of a form, and that of newer releases, which leave lone surrogates out."""
    text = stable_json(form)
    digests = [sha256(text.encode()).hexdigest()]
    if _ESCAPED_SURROGATE.search(text):
        digests.append(_digest(_without_lone_surrogates(form)))
    return digests


def _without_lone_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub("", value)
    if isinstance(value, list):
        return [_without_lone_surrogates(held) for held in value]
    if isinstance(value, dict):
        return {_without_lone_surrogates(key): _without_lone_surrogates(held) for key, held in value.items()}
    return value
