from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.keys import stream_id
from infrastructure.ledger.appending import Append, Content
from infrastructure.ledger.errors import AppendRefused, DatabaseRefused, DatabaseUnavailable
from infrastructure.ledger.evidence import Row, chain_of, leaf_of
from infrastructure.ledger.ledger import Held, Ledger
from tests.infrastructure.ledger.appends import GATEWAY, a_content, key_in, outcomes, told

P = 5
KEY = key_in(P)
OTHER = key_in(P, 1)


def payloads(ledger: Ledger) -> list[bytes]:
    return [row.payload for row in ledger.partition(P)]


@pytest.mark.parametrize(
    ("already", "expected", "outcome", "first", "last"),
    [
        (0, None, "appended", 1, 2),
        (0, 0, "appended", 1, 2),
        (0, -1, "appended", 0, 1),
        (0, 1, "conflict", None, None),
        (3, None, "appended", 4, 5),
        (3, 3, "appended", 4, 5),
        (3, 2, "conflict", None, 3),
        (3, 4, "conflict", None, 3),
        (3, 0, "conflict", None, 3),
        (3, -1, "conflict", None, 3),
    ],
)
def test_an_append_is_made_only_at_the_version_that_it_expects(
    ledger: Ledger, already: int, expected: int | None, outcome: str, first: int | None, last: int | None
) -> None:
    ledger.append(P, [told(KEY, *(b"before" for _ in range(already)))])
    (done,) = ledger.append(P, [told(KEY, b"x", b"y", expected=expected)])
    assert (done.outcome, done.first_version, done.last_version) == (outcome, first, last)
    assert done.first_position == (already + 1 if outcome == "appended" else None)
    assert payloads(ledger)[already:] == ([b"x", b"y"] if outcome == "appended" else [])


@pytest.mark.parametrize("expected", [None, 0, 2, 7])
def test_the_same_delivery_is_a_duplicate_whatever_version_it_expects(ledger: Ledger, expected: int | None) -> None:
    ledger.append(P, [told(KEY, b"x", b"y", delivery="d")])
    (done,) = ledger.append(P, [told(KEY, b"x", b"y", delivery="d", expected=expected)])
    assert (done.outcome, done.first_version, done.last_version) == ("duplicate", 1, 2)
    assert payloads(ledger) == [b"x", b"y"]


@pytest.mark.parametrize("expected", [None, 0, 1])
def test_the_same_delivery_with_other_content_is_a_mismatch(ledger: Ledger, expected: int | None) -> None:
    ledger.append(P, [told(KEY, b"x", delivery="d")])
    assert outcomes(ledger, P, told(KEY, b"z", delivery="d", fingerprint="z", expected=expected)) == ["mismatch"]
    assert payloads(ledger) == [b"x"]


def test_a_delivery_to_two_streams_is_completed_on_retry(ledger: Ledger) -> None:
    assert outcomes(ledger, P, told(KEY, b"x", delivery="d")) == ["appended"]
    both = (told(KEY, b"x", delivery="d"), told(OTHER, b"y", delivery="d"))
    assert outcomes(ledger, P, *both) == ["duplicate", "appended"]
    assert outcomes(ledger, P, *both) == ["duplicate", "duplicate"]


def test_each_append_of_a_group_is_decided_by_itself(ledger: Ledger) -> None:
    ledger.append(P, [told(KEY, b"1", delivery="d")])
    group = [
        told(KEY, b"1", delivery="d"),
        told(OTHER, b"a", b"b"),
        told(OTHER, b"c", expected=1),
        told(OTHER, b"d", delivery="e"),
        told(OTHER, b"d", delivery="e"),
        told(KEY, b"2", delivery="d", fingerprint="other"),
        told(KEY, b"3"),
    ]
    done = ledger.append(P, group)
    assert [one.outcome for one in done] == [
        *("duplicate", "appended", "conflict", "appended", "duplicate", "mismatch", "appended"),
    ]
    assert [one.first_position for one in done] == [None, 2, None, 4, None, None, 5]
    assert payloads(ledger) == [b"1", b"a", b"b", b"d", b"3"]
    assert [row.position for row in ledger.partition(P)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("refused", "outcome"),
    [
        (told(KEY, b"2", expected=7), "conflict"),
        (told(KEY, b"2", delivery="d", fingerprint="other"), "mismatch"),
        (told(KEY, b"1", delivery="d"), "duplicate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_was_decided_upon_a_refused_append_is_refused_with_it(
    ledger: Ledger, refused: Append, outcome: str
) -> None:
    ledger.append(P, [told(KEY, b"1", delivery="d")])
    group = (refused, told(KEY, b"3", expected=1), told(OTHER, b"a", expected=0), told(KEY, b"4"))
    assert outcomes(ledger, P, *group) == [outcome, "conflict", "appended", "appended"]
    assert payloads(ledger) == [b"1", b"a", b"4"]


@pytest.mark.parametrize("refused", [told(OTHER, b"2", expected=7), told(KEY, b"2", delivery="d", fingerprint="no")])
def test_all_or_nothing_writes_nothing_if_one_is_refused(ledger: Ledger, refused: Append) -> None:
    ledger.append(P, [told(KEY, b"1", delivery="d")])
    with pytest.raises(AppendRefused, match="append 2 of the group: "):
        ledger.append(P, [told(OTHER, b"a"), refused], all_or_nothing=True)
    assert payloads(ledger) == [b"1"]
    again = [told(KEY, b"1", delivery="d"), told(OTHER, b"a")]
    done = ledger.append(P, again, all_or_nothing=True)
    assert [one.outcome for one in done] == ["duplicate", "appended"]


@pytest.mark.parametrize("partition", [-1, 16])
def test_a_partition_that_the_ledger_does_not_have_is_refused(ledger: Ledger, partition: int) -> None:
    with pytest.raises(AppendRefused, match=f"partition {partition} is not of this ledger"):
        ledger.append(partition, [told(KEY, b"x")])


@pytest.mark.parametrize(
    "impossible",
    [
        told("agent:\0:main", b"x"),
        told(OTHER, b"x", contents=[a_content(1, b"one")]),
        Append(GATEWAY, OTHER, stream_id(GATEWAY, OTHER), [("Told", b"x")], delivery=b"without a fingerprint"),
    ],
    ids=["a-key-with-nul", "content-that-is-there", "a-delivery-without-fingerprint"],
)
def test_what_the_tables_can_not_hold_is_refused_and_nothing_is_written(ledger: Ledger, impossible: Append) -> None:
    ledger.append(P, [told(OTHER, b"1", contents=[a_content(1, b"one")])])
    with pytest.raises(AppendRefused):
        ledger.append(P, [told(KEY, b"x"), impossible])
    assert payloads(ledger) == [b"1"]


def test_an_append_without_events_only_keeps_its_delivery(ledger: Ledger) -> None:
    (done,) = ledger.append(P, [told(KEY, delivery="d")])
    assert (done.outcome, done.first_version, done.last_version) == ("appended", 1, 0)
    assert outcomes(ledger, P, told(KEY, delivery="d")) == ["duplicate"]
    assert ledger.partition(P) == []


def test_recorded_at_never_decreases_even_if_the_clock_does(ledger: Ledger) -> None:
    (before,) = ledger.append(P, [told(KEY, b"1")])
    ahead = before.recorded_at + 3_600_000_000
    ledger.connection.execute("set session_replication_role = replica")
    ledger.connection.execute("update heartline.events set recorded_at = %s", [ahead])
    ledger.append(P, [told(KEY, b"2"), told(OTHER, b"3", b"4")])
    assert [row.recorded_at for row in ledger.partition(P)] == [ahead] * 4


def test_contents_are_written_with_the_events_and_only_with_them(ledger: Ledger) -> None:
    first, second, third = a_content(1, b"one"), a_content(2, b"\x00\xff"), a_content(3, b"")
    group = [
        told(KEY, b"1", contents=[first]),
        told(KEY, b"2", expected=9, contents=[second]),
        told(OTHER, b"3", contents=[second, third]),
    ]
    assert outcomes(ledger, P, *group) == ["appended", "conflict", "appended"]
    wanted = [(one, 1) for one in (1, 2, 3)]

    def held(one: Content) -> Held:
        return Held(one.data, one.salt, one.equality, redacted=True)  # these have not the hash of what they are

    assert ledger.content(GATEWAY, KEY, wanted) == {(1, 1): held(first)}
    assert ledger.content(GATEWAY, OTHER, wanted) == {(2, 1): held(second), (3, 1): held(third)}
    assert ledger.equalities(GATEWAY, KEY) == [(1, 1, first.equality)]


def test_the_chain_stands_on_the_last_event_of_each_append_and_binds_all_leaves(ledger: Ledger) -> None:
    ledger.append(P, [told(KEY, b"1"), told(OTHER, b"2", b"3", b"4")])
    ledger.append(P, [told(KEY, b"5")])
    rows = ledger.partition(P)
    leaves = [leaf_of(ledger.ledger_id, row) for row in rows]
    assert [row.leaf for row in rows] == leaves
    first = chain_of(b"", leaves[:1])
    second = chain_of(first, leaves[1:4])
    assert [row.chain for row in rows] == [first, None, None, second, chain_of(second, leaves[4:])]
    assert ledger.heads()[P].chain == rows[-1].chain


def test_a_lost_connection_says_that_nothing_acknowledged_is_lost(ledger: Ledger, database: str) -> None:
    with Ledger.open(database) as other:
        other.connection.execute("select pg_terminate_backend(%s, 5000)", [ledger.connection.info.backend_pid])
    with pytest.raises(DatabaseUnavailable, match="nothing acknowledged is lost"):
        ledger.append(P, [told(KEY, b"x")])


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
INT8 = st.integers(-(2**63), 2**63 - 1)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.uuids(), st.integers(0, 4095), INT8, TEXTS, TEXTS, INT8, TEXTS, INT8, st.binary())
def test_the_database_and_python_compute_the_same_leaf(
    ledger: Ledger,
    ledger_id: UUID,
    partition: int,
    position: int,
    gateway: str,
    engine_key: str,
    version: int,
    kind: str,
    recorded_at: int,
    payload: bytes,
) -> None:
    row = Row(
        partition, position, stream_id(gateway, engine_key), version, gateway, engine_key, kind, recorded_at, payload,
        b"", None,
    )  # fmt: skip
    (found,) = ledger.connection.execute(
        "select heartline.leaf(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (ledger_id, partition, position, gateway, engine_key, version, kind, recorded_at, payload),
    ).fetchone() or (None,)
    assert found == leaf_of(ledger_id, row)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.lists(st.tuples(TEXTS, st.binary()), min_size=1, max_size=4))
def test_what_is_appended_is_read_back_byte_for_byte(
    ledger: Ledger, engine_key: str, events: list[tuple[str, bytes]]
) -> None:
    partition = ledger.partition_of(GATEWAY, engine_key)
    append = Append(GATEWAY, engine_key, stream_id(GATEWAY, engine_key), events)
    (done,) = ledger.append(partition, [append])
    assert done.first_version is not None
    rows = list(ledger.stream(GATEWAY, engine_key, after=done.first_version - 1))
    assert [(row.engine_key, row.type, row.payload) for row in rows] == [(engine_key, *event) for event in events]
    assert [row.leaf for row in rows] == [leaf_of(ledger.ledger_id, row) for row in rows]


def test_an_append_that_waited_too_long_for_others_writes_nothing_and_says_so(ledger: Ledger, database: str) -> None:
    with psycopg.connect(database) as holder:
        holder.execute("select 1 from heartline.heads where partition = %s for no key update", (P,))
        ledger.connection.execute("set lock_timeout = 50")
        with pytest.raises(DatabaseRefused, match="lock timeout"):
            ledger.append(P, [told(KEY, b"1")])
    assert outcomes(ledger, P, told(KEY, b"2")) == ["appended"]
    assert payloads(ledger) == [b"2"]
