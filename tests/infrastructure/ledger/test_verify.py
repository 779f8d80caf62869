from collections.abc import Iterable
from typing import Any

import pytest

from domain.events import ContentErased
from infrastructure.ledger import findings
from infrastructure.ledger.connection import AnyConnection
from infrastructure.ledger.evidence import chain_of
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from infrastructure.ledger.verifying_log import LogCheck
from tests.infrastructure.ledger.appends import a_content, happened, key_in, recording, told
from tests.infrastructure.ledger.tampering import EVENTS, FIRST, KEY, OTHER, P, content, deleted, events, places, tamper


def test_an_empty_ledger_proves(ledger: Ledger) -> None:
    verified = verify(ledger)
    assert (verified.ok, verified.events, verified.partitions, verified.broken) == (True, 0, 16, [])
    assert [(head.partition, head.position, head.chain) for head in verified.heads] == [(n, 0, "") for n in range(16)]


def test_what_was_only_appended_to_proves_and_names_its_heads(filled: Ledger) -> None:
    verified = verify(filled)
    assert (verified.broken, verified.ok, verified.events, verified.erased) == ([], True, EVENTS, 0)
    assert [(one.partition, one.position, one.chain) for one in verified.heads] == [
        (head.partition, head.position, head.chain.hex()) for head in filled.heads()
    ]


def test_streams_that_begin_at_version_0_and_deliveries_without_events_prove(ledger: Ledger) -> None:
    ledger.append(P, [told(KEY, b"1", b"2", expected=-1), told(KEY, b"3", delivery="d"), told(KEY, delivery="e")])
    ledger.append(P, [told(OTHER, delivery="f")])
    assert verify(ledger).broken == []


def rewrite(connection: AnyConnection, position: int, column: str, value: str) -> None:
    """Change a field and write the evidence of the whole log anew, as someone who knows how would."""
    connection.execute(events(f"{column} = {value}", position).encode())
    connection.execute(
        "update heartline.events set leaf = heartline.leaf((select ledger_id from heartline.ledger), partition,"
        " position, gateway, engine_key, version, type, recorded_at, payload)"
    )
    rows = connection.execute(
        "select position, leaf, chain is not null from heartline.events where partition = %s order by position", [P]
    ).fetchall()
    previous, leaves = b"", []
    for at, leaf, ends in rows:
        leaves.append(bytes(leaf))  # type: ignore[call-overload]
        if ends:
            previous, leaves = chain_of(previous, leaves), []
            connection.execute(
                "update heartline.events set chain = %s where partition = %s and position = %s", [previous, P, at]
            )


@pytest.mark.parametrize(
    ("position", "column", "value", "place", "reason"),
    [
        (3, "version", "7", "3-3", "version 7 of its stream follows version 1"),
        (3, "recorded_at", "1", "3-3", "recorded before the event before it"),
        (6, "type", "'EngineOpened'", "3-6", "its type is 'EngineOpened' and its payload's is 'EngineClosed'"),
        (7, "type", "'EngineOpened'", "3-7", "its type is 'EngineOpened' and its payload's is None"),
        (6, "type", "'Told'", "3-6", "its type is 'Told' and its payload's is 'EngineClosed'"),
        (9, "engine_key", "'agent:x'", "3-9", "its stream's id is not that of attic 'agent:x'"),
        (9, "payload", """'{"type":"TextsRecorded","schema":2}'""", "3-9", "can't be read"),
    ],
)
def test_evidence_that_was_written_anew_still_shows_what_can_not_be(
    filled: Ledger, position: int, column: str, value: str, place: str, reason: str
) -> None:
    filled.connection.execute("set session_replication_role = replica")
    rewrite(filled.connection, position, column, value)
    filled.connection.execute("reset session_replication_role")
    verified = verify(filled)
    named = [one.reason for at, one in zip(places(verified), verified.broken, strict=True) if at == place]
    assert any(reason in one for one in named)
    assert not any("leaf" in one.reason or "chain" in one.reason for one in verified.broken)


def test_a_stream_in_another_partition_than_its_own_is_broken(ledger: Ledger) -> None:
    ledger.append(5, [told(KEY, b"x")])
    verified = verify(ledger)
    assert [(one.partition, one.position) for one in verified.broken] == [(5, 1)]
    assert "belongs to another partition" in verified.broken[0].reason


def test_a_tail_that_was_cut_between_appends_can_not_be_known_without_a_checkpoint(filled: Ledger) -> None:
    tamper(filled, deleted("position > 6"), "delete from heartline.content where entry = 0")
    verified = verify(filled)
    assert (verified.ok, verified.events, verified.heads[P].position) == (True, EVENTS - 3, 6)


def test_content_that_an_event_says_was_erased_counts_as_erased(filled: Ledger) -> None:
    erased = ContentErased(occurred_at=4, entry=1, revision=1, reason="asked")
    filled.append(P, [happened(KEY, erased)])
    assert [one.reason.split(" is ")[1] for one in verify(filled).broken] == ["said to be erased, and"]
    tamper(filled, content("bytes = null, salt = null, equality = null"))
    verified = verify(filled)
    assert (verified.ok, verified.erased) == (True, 1)
    tamper(filled, "delete from heartline.content where entry = 1")
    assert verify(filled).erased == 1


def test_erasing_what_was_never_recorded_is_broken(filled: Ledger) -> None:
    filled.append(P, [happened(KEY, ContentErased(occurred_at=4, entry=8, revision=1, reason="asked"))])
    assert places(verify(filled)) == ["3-10"]


def test_recording_one_content_twice_is_broken(filled: Ledger) -> None:
    filled.append(P, [happened(KEY, recording(FIRST))])
    assert places(verify(filled)) == ["3-10"]


def test_what_is_appended_meanwhile_does_not_disturb(
    filled: Ledger, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = LogCheck.check_deliveries
    with Ledger.open(database) as other:

        def appending(self: LogCheck, rows: Iterable[tuple[Any, ...]]) -> None:
            for partition in range(16):
                one = a_content(50 + len(other.partition(partition)), b"late")
                other.append(partition, [happened(key_in(partition), recording(one), contents=[one])])
            plain(self, rows)

        with monkeypatch.context() as patched:
            patched.setattr(LogCheck, "check_deliveries", appending)
            verified = verify(filled)
    assert (verified.broken, verified.events) == ([], EVENTS)
    assert verify(filled).events == EVENTS + 16 * 16


def test_a_verification_leaves_the_connection_as_it_was(filled: Ledger) -> None:
    verify(filled)
    filled.append(P, [told(KEY, b"x")])
    assert filled.connection.execute("show statement_timeout").fetchone() == ("2min",)


def test_a_log_that_is_broken_all_over_is_named_in_part_and_counted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "MOST", 3)
    ledger.append(P, [told(KEY, *(b"%d" % n for n in range(8)))])
    tamper(ledger, "update heartline.events set payload = ''")
    assert places(verify(ledger)) == ["3-1", "3-2", "3-3", "3-0"]
    assert verify(ledger).broken[-1].reason == "and 5 more places are broken"
