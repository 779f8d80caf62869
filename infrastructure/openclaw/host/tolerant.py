"""JSON values of whatever kind: what isn't of the wanted one is None, since nothing rests on it."""

from collections.abc import Iterator

from infrastructure.openclaw.lossless import elements, has_escapes, legible, plain_numbers, text_of

_LONGEST_WHOLE = 18  # digits: what is longer need not fit 64 bits
_LATEST = 9_007_199_254_740  # milliseconds whose microseconds fit 64 bits


def text_in(value: bytes | None) -> str | None:
    """Give the text of a JSON string, legible; None for an empty one too."""
    if value is None or not value.startswith(b'"'):
        return None
    text = text_of(value)
    return (legible(text) if has_escapes(value) else text) or None


def texts_in(value: bytes | None) -> tuple[str, ...]:
    """Give the texts among the elements of a JSON list."""
    return tuple(text for element in elements_in(value) if (text := text_in(element)) is not None)


def whole_in(value: bytes | None) -> int | None:
    """Give a JSON number that is whole and not negative."""
    if value is None:
        return None
    plain = plain_numbers(value)
    return int(plain) if plain.isdigit() and len(plain) <= _LONGEST_WHOLE else None


def time_in(value: bytes | None) -> int | None:
    """Give a time that is written in ms since the Unix epoch, in µs."""
    at = whole_in(value)
    return at * 1000 if at is not None and at <= _LATEST else None


def elements_in(value: bytes | None) -> Iterator[bytes]:
    """Give the elements of a JSON list, each as its exact bytes."""
    if value is not None and value.startswith(b"["):
        yield from elements(value)
