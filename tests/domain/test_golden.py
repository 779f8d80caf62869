"""Payloads as they were written, one file for each event and schema: `golden/<type>.<schema>.json`. Fields that were
added to a schema with a default have a file of their own besides: `golden/<type>.<schema>.<what was added>.json`.

These files are evidence: ledgers hold such bytes for ever. They are never edited to make a test pass. Where an event
changes, the schema goes up, an upcast reads the old form (`domain.events.UPCASTS`), and a file joins those that stay.

`python -m tests.domain.test_golden --write-missing` writes the files that are missing, and no other. Before the first
release, when no ledger holds any, delete a file whose event has changed and write it again.
"""

import sys
from pathlib import Path
from typing import get_args

import pytest
from msgspec import json

from domain.events import CURRENT_SCHEMA, Event, UnreadableEvent, decode, encode
from tests.domain.written import ADDED, WRITTEN

GOLDEN = Path(__file__).parent / "golden"


def _file(event: Event) -> Path:
    return GOLDEN / f"{type(event).__name__}.{CURRENT_SCHEMA}.json"


def _added(name: str) -> Path:
    return GOLDEN / f"{type(ADDED[name]).__name__}.{CURRENT_SCHEMA}.{name}.json"


FILES = [(_file(event), event) for event in WRITTEN] + [(_added(name), event) for name, event in ADDED.items()]


@pytest.mark.parametrize(("file", "event"), FILES, ids=lambda one: one.stem if isinstance(one, Path) else "")
def test_an_event_is_read_from_the_bytes_in_which_it_was_written_and_writes_them_again(
    file: Path, event: Event
) -> None:
    payload = file.read_bytes()
    assert decode(payload) == event
    assert encode(event) == payload


@pytest.mark.parametrize("event", WRITTEN, ids=lambda event: type(event).__name__)
def test_the_golden_files_of_an_event_show_every_field_of_it(event: Event) -> None:
    files = [file for file, one in FILES if type(one) is type(event)]
    fields = {name for file in files for name in json.decode(file.read_bytes(), type=dict[str, object])}
    assert fields | {"evidence"} == {"type", *event.__struct_fields__}


def test_every_event_has_a_golden_file_of_its_current_schema() -> None:
    current = {f"{kind.__name__}.{CURRENT_SCHEMA}.json" for kind in get_args(Event)}
    assert {_file(event).name for event in WRITTEN} == current
    assert {file.name for file in GOLDEN.glob("*.json")} >= current


def test_every_golden_file_that_there_ever_was_is_readable() -> None:
    for file in GOLDEN.glob("*.json"):
        event = decode(file.read_bytes())
        assert file.name.startswith(f"{type(event).__name__}.")
        assert event.schema == CURRENT_SCHEMA


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"schema":1,"occurred_at":1,"reason":"no type"}',
        b'{"type":"EngineClosed","occurred_at":1,"reason":"no schema"}',
        b'{"type":"EngineClosed","schema":1,"reason":"no time"}',
        b'{"type":"EngineClosed","schema":1,"occurred_at":"noon","reason":"a time in words"}',
        b'{"type":"EngineClosed","schema":2,"occurred_at":1,"reason":"of a later schema"}',
        b'{"type":"EngineClosed","schema":0,"occurred_at":1,"reason":"of a schema that never was"}',
        b'{"type":"EngineDreamt","schema":1,"occurred_at":1}',
    ],
)
def test_a_payload_that_this_version_does_not_know_is_named_unreadable(payload: bytes) -> None:
    with pytest.raises(UnreadableEvent, match="upgrade") as unreadable:
        decode(payload)
    assert unreadable.value.code == "unreadable-event"


def test_a_field_of_a_later_version_is_passed_over() -> None:
    payload = b'{"type":"EngineClosed","schema":1,"occurred_at":1,"reason":"done","mood":"fine"}'
    assert decode(payload) == decode(payload.replace(b',"mood":"fine"', b""))


def _write_missing() -> int:
    missing = [(file, event) for file, event in FILES if not file.exists()]
    for file, event in missing:
        file.write_bytes(encode(event))
    sys.stdout.write("".join(f"wrote {file}\n" for file, _event in missing))
    return 0


if __name__ == "__main__":
    if sys.argv[1:] != ["--write-missing"]:
        sys.exit("usage: python -m tests.domain.test_golden --write-missing")
    sys.exit(_write_missing())
