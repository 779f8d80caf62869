"""The one call that writes: groups of appends, each to one partition, in one round trip and one transaction.

The arrays go to the database in their binary form, through a statement that is prepared once a connection: the general
way (psycopg's adapters, eleven parameters a call) costs more processor time than the append itself does in the
database.
"""

import struct
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct
from psycopg import Connection, OperationalError, errors, pq

from infrastructure.ledger.errors import AppendRefused

Outcome = Literal["appended", "duplicate", "mismatch", "conflict"]
"""Written; delivered before; delivered before with other content; the stream is at another version than was
expected.
"""


class Content(Struct, frozen=True):
    """What is kept of one byte form of an entry, as it lies beside the events: its bytes, some others, or None."""

    entry: int
    revision: int
    data: bytes | None
    salt: bytes
    equality: bytes


class Append(Struct, frozen=True):
    """Events for one stream. `expected` is the version that the stream must have, None for any.

    `delivery` and `fingerprint` (32 bytes each) make it idempotent: the same delivery to the same stream is written
    once.
    """

    gateway: str
    engine_key: str
    stream: UUID
    events: Sequence[tuple[str, bytes]]
    expected: int | None = None
    delivery: bytes | None = None
    fingerprint: bytes | None = None
    contents: Sequence[Content] = ()


class Group(Struct, frozen=True):
    """Appends to one partition that were decided together.

    Once one to a stream is not made, the group's later ones to that stream that expect a version are not made either.
    Other groups of the same call have nothing to do with it.
    """

    partition: int
    appends: Sequence[Append]


class Appended(Struct, frozen=True):
    """What became of an append. Versions are those of the first and the last event (of the earlier delivery, if it was
    a duplicate); after a conflict `last_version` is the stream's. `recorded_at` in µs since the Unix epoch.
    """

    outcome: Outcome
    first_version: int | None
    last_version: int | None
    first_position: int | None
    recorded_at: int


_INT4, _INT8, _TEXT, _BYTEA, _UUID, _BOOL = 23, 20, 25, 17, 2950, 16
_INT4_ARRAY, _INT8_ARRAY, _TEXT_ARRAY, _BYTEA_ARRAY, _UUID_ARRAY = 1007, 1016, 1009, 1001, 2951
_PARAMETERS: Final = (
    *(_INT4_ARRAY, _INT4_ARRAY),
    *(_TEXT_ARRAY, _TEXT_ARRAY, _UUID_ARRAY, _INT8_ARRAY, _BYTEA_ARRAY, _BYTEA_ARRAY, _INT4_ARRAY, _INT4_ARRAY),
    *(_TEXT_ARRAY, _BYTEA_ARRAY, _BOOL),
    *(_INT8_ARRAY, _INT8_ARRAY, _BYTEA_ARRAY, _BYTEA_ARRAY, _BYTEA_ARRAY),
)
_EVENTS_ONLY: Final = 13
_NAME: Final = b"heartline_append"
_NAME_EVENTS_ONLY: Final = b"heartline_append_events"

_int4 = struct.Struct("!i").pack
_int8 = struct.Struct("!q").pack
_HEADER = struct.Struct("!iiiii").pack
_EMPTY_HEADER = struct.Struct("!iii").pack
_NULL = _int4(-1)

_REFUSALS = frozenset({"HL", "22", "23", "54"})
"""Classes of SQLSTATE: our own, data that can't be stored (a NUL in a key), constraints (content that is there), limits
of the program (a delivery key too long for its index).
"""


def _array(oid: int, elements: Iterable[bytes | None]) -> bytes:
    """Write a one-dimensional array in Postgres's binary form."""
    parts = [b""]
    for element in elements:
        parts.append(_NULL if element is None else _int4(len(element)) + element)
    if len(parts) == 1:
        return _EMPTY_HEADER(0, 0, oid)
    parts[0] = _HEADER(1, 1, oid, len(parts) - 1, 1)
    return b"".join(parts)


def _parameters(groups: Sequence[Group], all_or_nothing: bool) -> list[bytes]:
    appends = [append for group in groups for append in group.appends]
    events = [event for append in appends for event in append.events]
    contents = [content for append in appends for content in append.contents]
    written = [
        _array(_INT4, [_int4(one.partition) for one in groups]),
        _array(_INT4, [_int4(len(one.appends)) for one in groups]),
        _array(_TEXT, [one.gateway.encode() for one in appends]),
        _array(_TEXT, [one.engine_key.encode() for one in appends]),
        _array(_UUID, [one.stream.bytes for one in appends]),
        _array(_INT8, [None if one.expected is None else _int8(one.expected) for one in appends]),
        _array(_BYTEA, [one.delivery for one in appends]),
        _array(_BYTEA, [one.fingerprint for one in appends]),
        _array(_INT4, [_int4(len(one.events)) for one in appends]),
        _array(_INT4, [_int4(len(one.contents)) for one in appends]),
        _array(_TEXT, [kind.encode() for kind, _payload in events]),
        _array(_BYTEA, [payload for _kind, payload in events]),
        b"\x01" if all_or_nothing else b"\x00",
    ]
    if contents:
        written += [
            _array(_INT8, [_int8(one.entry) for one in contents]),
            _array(_INT8, [_int8(one.revision) for one in contents]),
            _array(_BYTEA, [one.data for one in contents]),
            _array(_BYTEA, [one.salt for one in contents]),
            _array(_BYTEA, [one.equality for one in contents]),
        ]
    return written


class Appender:
    """Appends through one connection, which must be in autocommit: each call is one durable transaction."""

    def __init__(self, connection: Connection[tuple[object, ...]]) -> None:
        self._pg = connection.pgconn
        self._encoding = connection.info.encoding
        for name, count in ((_NAME, len(_PARAMETERS)), (_NAME_EVENTS_ONLY, _EVENTS_ONLY)):
            places = ",".join(f"${place + 1}" for place in range(count))
            query = f"select * from heartline.append({places})"  # noqa: S608  # placeholders only
            self._check(self._pg.prepare(name, query.encode(), _PARAMETERS[:count]))

    def append(self, groups: Sequence[Group], *, all_or_nothing: bool = False) -> list[list[Appended]]:
        """Append groups, in whatever order they stand; when this returns, what it says of each is durable.

        With `all_or_nothing` the first conflict or mismatch keeps everything from being written.

        Raises:
            AppendRefused: the call as a whole was refused, and nothing was written.
            psycopg.OperationalError: the connection was lost; what became of the call is not known.
        """
        order = sorted(range(len(groups)), key=lambda place: groups[place].partition)
        ascending = [groups[place] for place in order]
        try:
            parameters = _parameters(ascending, all_or_nothing)
        except (UnicodeEncodeError, struct.error) as error:
            raise AppendRefused(f"The ledger can't hold what was to be appended: {error}.") from error
        name = _NAME if len(parameters) > _EVENTS_ONLY else _NAME_EVENTS_ONLY
        result = self._pg.exec_prepared(name, parameters, [pq.Format.BINARY] * len(parameters), pq.Format.BINARY)
        self._check(result)
        rows = (_appended(result, row) for row in range(result.ntuples))
        answers: list[list[Appended]] = [[] for _group in groups]
        for place, group in zip(order, ascending, strict=True):
            answers[place] += islice(rows, len(group.appends))
        return answers

    def _check(self, result: pq.abc.PGresult) -> None:
        if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            return
        error = errors.error_from_result(result, encoding=self._encoding)
        if error.sqlstate is not None and error.sqlstate[:2] in _REFUSALS:
            raise AppendRefused(f"The ledger refused an append: {error.diag.message_primary}.") from error
        if self._pg.status == pq.ConnStatus.BAD:  # libpq reports a lost connection without an SQLSTATE
            raise OperationalError(str(error)) from error
        raise error


def _appended(result: pq.abc.PGresult, row: int) -> Appended:
    outcome = result.get_value(row, 0)
    numbers = [result.get_value(row, column) for column in range(1, 5)]
    first, last, position, at = [None if one is None else int.from_bytes(one, "big", signed=True) for one in numbers]
    if outcome is None or at is None:
        raise AppendRefused("The ledger answered an append with something else than what became of it: upgrade.")
    return Appended(outcome.decode(), first, last, position, at)  # type: ignore[arg-type]  # one of Outcome, by the SQL
