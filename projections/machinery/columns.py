"""Rows as Postgres takes an array of them in its binary form (PostgreSQL's `array_recv` and `record_recv`).

psycopg has no binary form for arrays of rows, and reading JSON takes the database twice as long.

Whatever a fold gives can be written, so that what is written never hangs on how events were batched: a NUL in a text,
which Postgres can't hold, stands as its JSON escape, a lone surrogate likewise, and a number beyond 64 bits as the
nearest within.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from struct import Struct as Packing
from struct import error as PackingError  # noqa: N812  # it is a class
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from msgspec.structs import astuple
from psycopg.adapt import AdaptersMap, Buffer, Dumper
from psycopg.pq import Format

from projections.machinery.projection import Row

_LENGTH = Packing(">i").pack
_TWO = Packing(">ii").pack
_INT8 = Packing(">iiq").pack
_BOOL = Packing(">ii?").pack
_ARRAY = Packing(">iiiii").pack
_ELEMENT = Packing(">iq").pack
_ONE_PLACE = Packing(">BHH").pack
_UUID_HEAD = _TWO(2950, 16)

BOOL, BYTEA, INT8, TEXT, INT8_ARRAY, TEXT_ARRAY, UUID_TYPE, TSVECTOR = 16, 17, 20, 25, 1016, 1009, 2950, 3614
"""The types' numbers in `pg_type`, which never change."""


LEAST = 2**63
"""A number of 64 bits is at least minus this, and less than it."""


class Lexemes(bytes):
    """A `tsvector` in binary form: a tenth of the memory that words and their places take as such."""

    @classmethod
    def of(cls, words: Mapping[str, Sequence[int]]) -> "Lexemes":
        """Write words with the places where each stands: 1 to 16383, ascending, 255 of a word at most; or none."""
        parts = [_LENGTH(len(words))]
        for word, places in words.items():
            if len(places) == 1:  # as most words have
                parts += (word.encode(), _ONE_PLACE(0, 1, places[0]))
            else:
                parts += (word.encode(), Packing(f">xH{len(places)}H").pack(len(places), *places))
        return cls(b"".join(parts))


class Rows(bytes):
    """Rows in binary form, for a parameter whose type the statement says."""


class _RowsDumper(Dumper):
    format = Format.BINARY
    oid = 0  # the server takes the type from the cast beside the parameter

    def dump(self, obj: Rows) -> Buffer:
        """Give the bytes as they are."""
        return bytes(obj)


def register(adapters: AdaptersMap) -> None:
    """Let a connection take `Rows`."""
    adapters.register_dumper(Rows, _RowsDumper)


class _Kept(dict[Any, bytes]):
    """Values of a column's type as they are written, kept for a batch: most come again in other rows."""

    def __init__(self, write: Callable[[Any], bytes]) -> None:
        self._write = write

    def __missing__(self, value: Any) -> bytes:
        written = self._write(value)
        if len(written) <= MOST_KEPT_BYTES:
            self[value] = written
        return written


def _int8(value: int) -> bytes:
    return _INT8(INT8, 8, value if -LEAST <= value < LEAST else _within(value))


def _within(value: int) -> int:
    return min(max(value, -LEAST), LEAST - 1)


def _utf8(value: str) -> bytes:
    data = value.encode("utf-8", "backslashreplace")
    return data.replace(b"\0", b"\\u0000") if b"\0" in data else data


def _text(value: str) -> bytes:
    data = _utf8(value)
    return _TWO(TEXT, len(data)) + data


def _bytea(value: bytes) -> bytes:
    return _TWO(BYTEA, len(value)) + value


def _uuid(value: UUID) -> bytes:
    return _UUID_HEAD + value.int.to_bytes(16)


def _bool(value: bool) -> bytes:  # it writes one value
    return _BOOL(BOOL, 1, value)


def _int8_array(values: tuple[int, ...]) -> bytes:
    data = _array(INT8, [_ELEMENT(8, _within(value)) for value in values])
    return _TWO(INT8_ARRAY, len(data)) + data


def _text_array(values: tuple[str, ...]) -> bytes:
    encoded = [_utf8(value) for value in values]
    data = _array(TEXT, [_LENGTH(len(one)) + one for one in encoded])
    return _TWO(TEXT_ARRAY, len(data)) + data


def _tsvector(value: Lexemes) -> bytes:
    return _TWO(TSVECTOR, len(value)) + value


def _array(kind: int, elements: list[bytes]) -> bytes:
    if not elements:
        return Packing(">iii").pack(0, 0, kind)
    return _ARRAY(1, 0, kind, len(elements), 1) + b"".join(elements)


_WRITERS: dict[Any, tuple[int, Callable[[Any], bytes]]] = {
    int: (INT8, _int8),
    str: (TEXT, _text),
    bytes: (BYTEA, _bytea),
    bool: (BOOL, _bool),
    UUID: (UUID_TYPE, _uuid),
    tuple[int, ...]: (INT8_ARRAY, _int8_array),
    tuple[str, ...]: (TEXT_ARRAY, _text_array),
    Lexemes: (TSVECTOR, _tsvector),
}


_KEPT = (_text, _bool)
"""What writes types of which values are kept while a batch is written: looking one up costs less than writing it."""

MOST_KEPT_BYTES = 256


class RowWriter:
    """Writes rows of one kind."""

    def __init__(self, row: type[Row]) -> None:
        hints = get_type_hints(row)
        self._fields = [(name, *_column(hints[name])) for name in row.__struct_fields__]
        self._begin = _LENGTH(len(self._fields))

    @property
    def hashed_as_text(self) -> bool:
        """Whether a column is of a type that Postgres can't hash."""
        return any(kind == TSVECTOR for _name, kind, _write in self._fields)

    def written(self, rows: Iterable[Row], row_type: int) -> Rows:
        """Write rows as an array; `row_type` is the number of the table's row type."""
        fast: dict[Any, Callable[[Any], bytes]] = {write: _Kept(write).__getitem__ for write in _KEPT}
        fast[_int8] = partial(_INT8, INT8, 8)
        exactly = [(write, _TWO(kind, -1)) for _name, kind, write in self._fields]
        columns = [(fast.get(write, write), null) for write, null in exactly]
        begin, join, length = self._begin, b"".join, _LENGTH
        elements: list[bytes] = []
        for row in rows:  # the hot loop: hence a list, and pairs that are not checked to be as many
            values = astuple(row)
            try:
                record = join([null if one is None else write(one) for one, (write, null) in zip(values, columns)])  # noqa: B905
            except PackingError:  # a number beyond 64 bits
                record = join([null if one is None else write(one) for one, (write, null) in zip(values, exactly)])  # noqa: B905
            elements.append(length(len(begin) + len(record)) + begin + record)
        return Rows(_array(row_type, elements))


def _column(hint: Any) -> tuple[int, Callable[[Any], bytes]]:
    if get_origin(hint) in (UnionType, Union):
        hint = next(one for one in get_args(hint) if one is not NoneType)
    if str(hint).startswith("typing.Literal"):
        hint = str
    return _WRITERS[hint]
