"""By what a recording is known again: not by its path, which changes, nor by its keys, which every host has."""

import msgspec

from infrastructure.ledger.ledger import Ledger


class _Params(msgspec.Struct):
    sessionId: str | None = None  # noqa: N815  # the host's own name


class _Line(msgspec.Struct):
    ts: str | None = None
    params: _Params | None = None


_DECODER = msgspec.json.Decoder(_Line)


def source_of(line: bytes | None) -> bytes | None:
    """Give what a recording is known by, if this line is the one to tell: the first that names a session, whole.

    Session ids are drawn at random by the host, so two recordings share such a line only if one is a copy of the other
    or has grown from it.
    """
    try:
        read = _DECODER.decode(line or b"")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return line if read.params and read.params.sessionId else None


def kept_name(ledger: Ledger, source: bytes, proposed: str) -> str:
    """Give the name that is kept for the gateway of a source (a SHA-256): the proposed one if no other has it."""
    return ledger.name_gateway(source, proposed) or f"recording-{source.hex()[:32]}"
