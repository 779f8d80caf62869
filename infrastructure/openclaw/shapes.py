"""Reading JSON objects into typed records: strict about kinds, lossless about content.

A record is a msgspec Struct. Its fields of type Text, Value and Values are content: the exact bytes that the
JSON value has in the original. All its other texts come out legible (see `lossless.legible`).
"""

from typing import Annotated, Any, Generic, NewType, TypeVar, get_args, get_type_hints

import msgspec
from msgspec.structs import fields, replace

from infrastructure.openclaw.bad_line import BadLine, malformed, mismatched, missing, mistyped
from infrastructure.openclaw.lossless import (
    MAX_DEPTH,
    MAX_WHOLE,
    MIN_WHOLE,
    elements,
    has_escapes,
    legible,
    members,
    plain_numbers,
    shadow,
    text_of,
    too_deep,
)

Text = NewType("Text", bytes)
"""The exact bytes of a JSON string, quotes and escapes included; `lossless.text_of` decodes it."""

Value = NewType("Value", bytes)
"""The exact bytes of a JSON value."""

Values = tuple[Value, ...]
"""The exact bytes of each element of a JSON list."""

Whole = Annotated[int, msgspec.Meta(ge=MIN_WHOLE, le=MAX_WHOLE)]
"""A whole number; one beyond 64 bits is read as the nearest of 64 bits."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_WHOLE)]
"""A whole number that isn't negative."""

TOO_DEEP = f"nested deeper than {MAX_DEPTH}"

_NULL = b"null"

S = TypeVar("S", bound=msgspec.Struct)


class Reader(Generic[S]):
    """Reads JSON objects into records of one type."""

    def __init__(self, kind: type[S]) -> None:
        hints = get_type_hints(kind, include_extras=True)
        self._kind = kind
        self._sorts = {name: sort for name, hint in hints.items() if (sort := _content(hint))}
        self._encoded = {field.name: field.encode_name for field in fields(kind)}
        self._required = {field.name for field in fields(kind) if field.required}
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self._raw_shape(hints) if self._sorts else kind)

    def _raw_shape(self, hints: dict[str, Any]) -> type[msgspec.Struct]:
        """Derive the Struct that is decoded: the same fields, with content left raw."""
        shape: list[tuple[str, Any, Any]] = []
        for info in fields(self._kind):
            held, absent = hints[info.name], info.default
            if sort := self._sorts.get(info.name):
                held, absent = (list[msgspec.Raw] | None, None) if sort is Values else (msgspec.Raw, msgspec.Raw())
            if info.required:
                held, absent = (list[msgspec.Raw] if sort is Values else held), msgspec.NODEFAULT
            shape.append((info.name, held, msgspec.field(default=absent, name=info.encode_name)))
        return msgspec.defstruct(self._kind.__name__, shape, kw_only=True)

    def read(self, raw: bytes, where: str = "") -> S:
        """Read one JSON object that stands at the path `where` of a line; "" is the line itself."""
        escaped = has_escapes(raw)
        try:
            return self._read(raw, shadow(raw) if escaped else raw, escaped, where)
        except msgspec.ValidationError as error:
            raise mismatched(error, where) from None
        except msgspec.DecodeError as error:
            raise malformed(error, len(raw)) from None
        except RecursionError:
            raise BadLine(TOO_DEEP) from None

    def _read(self, raw: bytes, shadowed: bytes, escaped: bool, where: str) -> S:
        exact = shadowed is raw
        try:
            decoded = self._decoder.decode(shadowed)
        except msgspec.ValidationError:
            plain = plain_numbers(shadowed)
            if plain == shadowed:
                raise
            decoded = self._decoder.decode(plain)
            exact = False
        record: S = self._with_content(decoded, None if exact else members(raw), where) if self._sorts else decoded
        return made_legible(record, raw, shadowed is not raw) if escaped else record

    def _with_content(self, decoded: Any, original: dict[str, bytes] | None, where: str) -> S:
        values: dict[str, Any] = {}
        for name, encoded in self._encoded.items():
            held = getattr(decoded, name)
            sort = self._sorts.get(name)
            if sort is None:
                values[name] = held
            elif sort is Values:
                if held is not None:
                    values[name] = tuple(map(bytes, held)) if original is None else elements(original[encoded])
            else:
                value = bytes(held) if original is None else original.get(encoded, b"")
                if value and value != _NULL:
                    if sort is Text and not value.startswith(b'"'):
                        raise mistyped(f"{where}.{encoded}".removeprefix("."), "a string", value)
                    values[name] = value
                elif name in self._required:
                    raise missing(f"{where}.{encoded}".removeprefix("."))
        return self._kind(**values)


def _content(hint: Any) -> Any:
    """Say which sort of content a field's type is; None if it isn't content."""
    held = (hint, *get_args(hint))
    return next((sort for sort in (Values, Value, Text) if sort in held), None)


def made_legible(record: S, raw: bytes, replaced: bool) -> S:
    """Make every text of a record legible; `replaced` says that the record was read from a shadow of `raw`."""
    original = members(raw) if replaced else {}
    changes: dict[str, Any] = {}
    for field in fields(record):
        held = getattr(record, field.name)
        if isinstance(held, str):
            lossy = replaced and "\ufffd" in held
            changes[field.name] = legible(text_of(original[field.encode_name]) if lossy else held)
        elif isinstance(held, msgspec.Struct):
            part = original[field.encode_name] if replaced else b""
            changes[field.name] = made_legible(held, part, replaced)
    return replace(record, **changes)


def check_line(line: bytes) -> None:
    """Refuse a line that isn't UTF-8, or is nested too deeply: what no reader looks at otherwise."""
    if not line.isascii():
        try:
            line.decode()
        except UnicodeDecodeError as error:
            raise BadLine(f"not UTF-8 at byte {error.start}") from None
    if too_deep(line):
        raise BadLine(TOO_DEEP)
