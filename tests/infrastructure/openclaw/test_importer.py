"""Importing: what becomes of each line, by whom it is known again, which streams it touches."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from domain.errors import WrongUsage
from infrastructure.ledger.appending import Append, Appended
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.importing import Imported
from infrastructure.openclaw.observed import KeyedBy

MAIN, HEARTBEAT = "agent:main:main", "agent:main:main:heartbeat"


def call(method: str, second: int, key: str = MAIN, session: str = "s-1", **more: Any) -> dict[str, Any]:
    """A line of a recording, at this second."""
    params = {"sessionId": session, "sessionKey": key, **more.pop("params", {})}
    return {"ts": f"2026-11-23T08:00:{second:02d}.000Z", "method": method, "params": params, **more}


def user(text: str, at: int, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, "timestamp": at, "idempotencyKey": f"{at}:user", **more}


def write(path: Path, lines: Sequence[Mapping[str, Any] | bytes]) -> str:
    written = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(written) + b"\n")
    return str(path)


def record(ledger: Ledger, path: str, gateway: str | None = "g", keyed_by: KeyedBy = "session-key") -> Imported:
    return Importer(ledger, gateway=gateway, keyed_by=keyed_by).import_recording(path, lambda _bytes: None)


def types(ledger: Ledger, engine_key: str, gateway: str = "g") -> list[str]:
    return [row.type for row in ledger.stream(gateway, engine_key)]


def test_the_same_id_with_other_content_is_rejected_wherever_it_lies(ledger: Ledger, tmp_path: Path) -> None:
    first = call("bootstrap", 1, id="d-1")
    assert record(ledger, write(tmp_path / "a", [first])).recorded == 1
    other_stream = call("bootstrap", 1, key="agent:other:main", id="d-1")
    same_stream = call("bootstrap", 2, id="d-1")
    result = record(ledger, write(tmp_path / "b", [first, other_stream, same_stream]))
    assert (result.duplicates, [one.line for one in result.rejected]) == (1, [2, 3])
    assert all("delivery-conflict" in one.reason for one in result.rejected)


def test_the_same_id_twice_in_one_recording_is_a_duplicate_or_a_conflict(ledger: Ledger, tmp_path: Path) -> None:
    line = call("bootstrap", 1, id="d-1")
    result = record(ledger, write(tmp_path / "a", [line, line, call("bootstrap", 2, id="d-1")]))
    assert (result.recorded, result.duplicates, len(result.rejected)) == (1, 1, 1)


def test_a_recording_that_has_grown_is_the_same_source(ledger: Ledger, tmp_path: Path) -> None:
    lines = [call("bootstrap", 1), call("maintain", 2)]
    first = record(ledger, write(tmp_path / "lifecycle.ndjson", lines), gateway=None)
    grown = write(tmp_path / "copied-elsewhere.ndjson", [*lines, call("maintain", 3)])
    again = record(ledger, grown, gateway=None)
    assert again.gateway == first.gateway
    assert (again.duplicates, again.recorded) == (2, 1)


def test_two_sources_with_the_same_keys_do_not_merge(ledger: Ledger, tmp_path: Path) -> None:
    one = record(ledger, write(tmp_path / "a.ndjson", [call("bootstrap", 1)]), gateway=None)
    other = record(ledger, write(tmp_path / "b.ndjson", [call("bootstrap", 1, session="s-2")]), gateway=None)
    assert one.gateway != other.gateway
    assert other.recorded == 1


def test_a_call_that_names_its_engine_key_is_believed_and_its_tick_stands_in_the_routing_keys_stream(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = f"{MAIN}:heartbeat-run:s-9"
    named = call("bootstrap", 1, key=HEARTBEAT, session="s-9", engine_key=run)
    result = record(ledger, write(tmp_path / "a", [named]))
    assert (result.recorded, result.streams) == (1, 2)
    assert types(ledger, run) == ["EngineOpened", "EngineBootstrapped"]
    assert types(ledger, HEARTBEAT) == ["EngineOpened", "TickDispatched"]


def test_a_host_that_hands_over_the_key_of_the_run_is_routed_by_its_heartbeat_key(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = f"{MAIN}:heartbeat-run:s-9"
    record(ledger, write(tmp_path / "a", [call("bootstrap", 1, key=run, session="s-9")]))
    assert types(ledger, HEARTBEAT) == ["EngineOpened", "TickDispatched"]


def test_keyed_by_session_id_each_isolated_tick_has_a_stream_of_its_own(ledger: Ledger, tmp_path: Path) -> None:
    ticks = [call("bootstrap", second, key=HEARTBEAT, session=f"s-{second}") for second in (1, 2)]
    record(ledger, write(tmp_path / "a", [*ticks, call("bootstrap", 3)]), keyed_by="session-id")
    assert [types(ledger, f"{MAIN}:heartbeat-run:s-{n}")[-1] for n in (1, 2)] == ["EngineBootstrapped"] * 2
    assert types(ledger, HEARTBEAT) == ["EngineOpened", "TickDispatched", "TickDispatched", "AnomalyNoted"]
    assert types(ledger, MAIN) == ["EngineOpened", "EngineBootstrapped"]


def test_calls_without_a_key_change_no_engine(ledger: Ledger, tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"ts": "2026-11-23T08:00:00Z", "method": method, "params": {}} for method in ("_factory", "dispose")
    ]
    result = record(ledger, write(tmp_path / "a", lines))
    assert (result.lines, result.ignored, result.events) == (2, 2, 0)


def test_a_subagent_is_spawned_in_the_parents_stream_and_ends_in_its_own(ledger: Ledger, tmp_path: Path) -> None:
    child = "agent:main:subagent:1"
    keys = {"parentSessionKey": MAIN, "childSessionKey": child}
    lines = [
        {"ts": "2026-11-23T08:00:00Z", "method": "prepareSubagentSpawn", "params": {**keys, "contextMode": "isolated"}},
        {
            "ts": "2026-11-23T08:00:01Z",
            "method": "onSubagentEnded",
            "params": {"childSessionKey": child, "reason": "x"},
        },
    ]
    record(ledger, write(tmp_path / "a", lines))
    assert types(ledger, MAIN) == ["EngineOpened", "SubagentSpawned"]
    assert types(ledger, child) == ["EngineOpened", "SubagentEnded"]


def test_a_message_that_cannot_be_read_rejects_its_line_only(ledger: Ledger, tmp_path: Path) -> None:
    good = call("ingest", 1, params={"message": user("one", 1)})
    bad = call("ingest", 2, params={"message": user("two", 2, timestamp=[])})
    after = call("ingest", 3, params={"message": user("two", 2)})
    result = record(ledger, write(tmp_path / "a", [good, bad, after]))
    assert (result.recorded, [(one.line, "timestamp" in one.reason) for one in result.rejected]) == (2, [(2, True)])
    assert types(ledger, MAIN) == ["EngineOpened", "EntriesRecorded", "EntriesRecorded"]


def test_each_byte_form_of_a_message_is_stored_once(ledger: Ledger, tmp_path: Path) -> None:
    once, rewritten = user("hello", 1), user("hello", 1, seen=True)
    lines = [
        call("ingest", 1, params={"message": once}),
        call("assemble", 2, params={"messages": [once]}, result={"messages": [once, rewritten, once]}),
        call("assemble", 3, params={"messages": [once]}, result={"messages": [once, rewritten, once]}),
    ]
    record(ledger, write(tmp_path / "a", lines))
    assert [one[:2] for one in ledger.equalities("g", MAIN)] == [(1, 1), (1, 2)]


def test_an_answer_that_is_not_on_record_is_said_to_be_absent(ledger: Ledger, tmp_path: Path) -> None:
    record(ledger, write(tmp_path / "a", [call("assemble", 1, params={"messages": []})]))
    last = list(ledger.stream("g", MAIN))[-1]
    assert last.type == "AssemblyFailed"
    assert b'"evidence":"absent"' in last.payload


def test_a_gateway_is_named_as_the_contracts_say(ledger: Ledger) -> None:
    with pytest.raises(WrongUsage, match="can't name a gateway"):
        Importer(ledger, gateway="No Such Name")


def test_a_line_that_names_another_gateway_is_recorded_there(ledger: Ledger, tmp_path: Path) -> None:
    result = record(ledger, write(tmp_path / "a", [call("bootstrap", 1, gateway="elsewhere"), call("bootstrap", 2)]))
    assert result.recorded == 2
    assert types(ledger, MAIN, "elsewhere") == ["EngineOpened", "EngineBootstrapped"]
    assert types(ledger, MAIN) == ["EngineOpened", "EngineBootstrapped"]


def test_an_empty_recording_is_no_error(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    assert record(ledger, str(tmp_path / "a"), gateway=None) == Imported(source=str(tmp_path / "a"))


def test_an_unreadable_message_of_a_tick_with_an_engine_key_of_its_own_rejects_its_line_only(
    ledger: Ledger, tmp_path: Path
) -> None:
    bad = call("ingest", 1, key=HEARTBEAT, params={"message": user("one", 1, timestamp=True)})
    good = call("ingest", 2, key=HEARTBEAT, params={"message": user("one", 1)})
    result = record(ledger, write(tmp_path / "a", [bad, good]), keyed_by="session-id")
    assert (result.recorded, [one.line for one in result.rejected]) == (1, [1])


def test_the_id_of_a_line_that_was_rejected_is_not_used_up(ledger: Ledger, tmp_path: Path) -> None:
    bad = call("ingest", 1, params={"message": user("one", 1, timestamp=True)}, id="d-1")
    good = call("ingest", 2, params={"message": user("one", 1)}, id="d-1")
    result = record(ledger, write(tmp_path / "a", [bad, good]))
    assert (result.recorded, [one.line for one in result.rejected]) == (1, [1])


def test_the_trace_of_a_recording_without_lines_belongs_to_the_gateway_that_was_named(
    ledger: Ledger, tmp_path: Path
) -> None:
    empty, trace = write(tmp_path / "a", []), write(tmp_path / "t", [b"{}"])
    importer = Importer(ledger, gateway="named")
    named = importer.import_recording(empty, lambda _bytes: None, trace)
    assert named.trace is not None
    assert (named.gateway, named.trace.gateway) == ("named", "named")
    with pytest.raises(WrongUsage, match="say --gateway"):
        Importer(ledger).import_recording(empty, lambda _bytes: None, trace)


def test_a_stream_that_moves_on_while_it_is_read_is_read_again(
    ledger: Ledger, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [call("ingest", n, params={"message": user(str(n), n)}) for n in range(1, 4)]
    record(ledger, write(tmp_path / "a", lines[:1]))
    second = write(tmp_path / "b", lines[1:2])
    equalities = ledger.equalities

    def overtaken(gateway: str, engine_key: str) -> list[tuple[int, int, bytes]]:
        monkeypatch.undo()
        with Ledger.open(database) as other:
            record(other, second)
        return equalities(gateway, engine_key)

    monkeypatch.setattr(ledger, "equalities", overtaken)
    assert record(ledger, write(tmp_path / "c", lines[2:])).recorded == 1
    assert types(ledger, MAIN) == ["EngineOpened", *["EntriesRecorded"] * 3]
    assert [one[0] for one in ledger.equalities("g", MAIN)] == [1, 2, 3]


def test_what_was_written_in_several_tries_is_counted_together(
    ledger: Ledger, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_tick = write(tmp_path / "a", [call("bootstrap", 1, key=HEARTBEAT, session="s-1")])
    tick = write(tmp_path / "b", [call("bootstrap", 2, key=HEARTBEAT, session="s-2")])
    append, routed = ledger.append, ledger.partition_of("g", HEARTBEAT)

    def overtaken(partition: int, appends: Sequence[Append], **options: bool) -> list[Appended]:
        if partition == routed:
            monkeypatch.undo()
            with Ledger.open(database) as other:
                record(other, other_tick, keyed_by="session-id")
        return append(partition, appends, **options)

    monkeypatch.setattr(ledger, "append", overtaken)
    result = record(ledger, tick, keyed_by="session-id")
    run = f"{MAIN}:heartbeat-run:s-2"
    assert (result.recorded, result.streams) == (1, 2)
    assert (
        result.events == len(types(ledger, run)) + 2
    )  # dispatched, and the anomaly that the other tick was not settled
