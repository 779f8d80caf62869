"""Projections: however the events are batched, repeated or raced for, equal offsets mean equal rows."""

import json
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from projections.catalogue import PROJECTIONS
from projections.machinery.projector import Projector

TABLES = [table.name for projection in PROJECTIONS for table in projection.tables]


def rows(owner: psycopg.Connection[Any]) -> dict[str, list[tuple[Any, ...]]]:
    queries = {name: f"select * from heartline_projections.{name}".encode() for name in TABLES}
    shown = {name: sorted(owner.execute(query).fetchall(), key=repr) for name, query in queries.items()}
    remembered = owner.execute("select partition, stream, projection, memory from heartline_projections.memories")
    return {**shown, "memories": sorted(remembered.fetchall())}


def forget(owner: psycopg.Connection[Any]) -> None:
    """Empty the live generation of every projection."""
    for name in TABLES:
        owner.execute(f"delete from heartline_projections.{name}_1".encode())
    owner.execute("delete from heartline_projections.memories")
    owner.execute("update heartline_projections.offsets set position = 0")


def recorded(ledger: Ledger, folder: Path) -> None:
    """Record some sessions over several streams, in which entries are delivered, held, and delivered again."""
    lines: list[dict[str, Any]] = []
    for n in range(60):
        key, session = f"agent:a{n % 5}:main:heartbeat", f"s-{n // 10}"
        text = f"{n % 7} " + "long 漢字 " * 300 * (n % 7 == 3)
        message = {"role": "user", "content": text, "timestamp": n % 7, "idempotencyKey": f"{n % 7}:user"}
        at = f"2026-11-23T08:{n:02d}:00Z"
        params = {"sessionId": session, "sessionKey": key}
        lines.append({"ts": at, "method": "ingest", "params": {**params, "message": message}})
        lines.append(
            {"ts": at, "method": "assemble", "params": {**params, "messages": []}, "result": {"messages": [message]}}
        )
        if n % 6 == 5:
            call = {"type": "toolCall", "id": "c", "name": "read", "arguments": {"path": f"/srv/{n}"}}
            message = {"role": "assistant", "content": [call], "timestamp": n, "responseId": f"r{n}"}
            lines.append({"ts": at, "method": "compact", "params": {**params, "customInstructions": f"keep {n}"}})
            done = {"ok": True, "compacted": True, "result": {"summary": f"{n}", "tokensBefore": 9, "tokensAfter": 1}}
            lines.append({"ts": at, "method": "compact", "params": {**params, "force": True}, "result": done})
            lines.append({"ts": at, "method": "ingestBatch", "params": {**params, "messages": [message]}})
        if n % 4 == 3:  # a turn is committed, and the tick settled
            usage = {"input": n, "output": 1, "cacheRead": 2, "cacheWrite": 3}
            message = {"role": "assistant", "content": "HEARTBEAT_OK", "timestamp": n, "responseId": f"a{n}"}
            done = {**message, "stopReason": "stop", "usage": usage}
            lines.append({"ts": at, "method": "ingest", "params": {**params, "message": done}})
    (folder / "lines").write_text("\n".join(json.dumps(line) for line in lines))
    Importer(ledger, gateway="g").import_recording(str(folder / "lines"), lambda _bytes: None)


def ends(ledger: Ledger) -> dict[int, int]:
    return {head.partition: head.position for head in ledger.heads()}


def fold(ledger: Ledger, batch: Callable[[], int]) -> None:
    Projector(ledger.connection, PROJECTIONS).catch_up(ends(ledger), batch=batch)


def test_rows_do_not_depend_on_how_the_events_are_batched(ledger: Ledger, database: str, tmp_path: Path) -> None:
    recorded(ledger, tmp_path)
    with psycopg.connect(database, autocommit=True) as owner:
        Library(ledger).refresh()
        at_once = rows(owner)

        @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(st.lists(st.integers(1, 40), min_size=1, max_size=10))
        def check(sizes: list[int]) -> None:
            forget(owner)
            batches = cycle(sizes)
            fold(ledger, lambda: next(batches))
            assert rows(owner) == at_once

        check()
        assert len(at_once["sightings"]) + len(at_once["repeats"]) == 60 + 10 + 15
        assert len(at_once["ticks"]) == 5 * 6
        assert {"committed", "abandoned", "open"} <= {str(value) for row in at_once["turns"] for value in row}
        assert any(row[5] > 1 for row in at_once["search"])  # a text of several parts


def test_folding_what_was_folded_changes_nothing(ledger: Ledger, database: str, tmp_path: Path) -> None:
    recorded(ledger, tmp_path)
    library = Library(ledger)
    library.refresh()
    with psycopg.connect(database, autocommit=True) as owner:
        before = rows(owner)
        library.refresh()
        fold(ledger, lambda: 7)
        assert rows(owner) == before


def test_several_that_fold_at_once_fold_each_event_once(ledger: Ledger, database: str, tmp_path: Path) -> None:
    recorded(ledger, tmp_path)

    def work() -> None:
        with Ledger.open(database) as own:
            fold(own, lambda: 3)

    threads = [Thread(target=work) for _worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(database, autocommit=True) as owner:
        raced = rows(owner)
        forget(owner)
        fold(ledger, lambda: 1_000)
        assert rows(owner) == raced


def test_events_that_were_appended_after_the_last_question_are_in_the_next_answer(
    ledger: Ledger, tmp_path: Path
) -> None:
    library = Library(ledger)
    library.refresh()
    assert library.streams() == []
    recorded(ledger, tmp_path)
    assert library.behind() > 0
    library.refresh()
    assert (len(library.streams()), library.behind()) == (5, 0)
