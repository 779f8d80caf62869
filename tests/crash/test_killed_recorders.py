from pathlib import Path

import pytest
from msgspec import Struct

from domain.keys import partition_of
from infrastructure.ledger.schema import DEFAULT_PARTITIONS
from infrastructure.recorder.deliveries import Delivery
from tests.crash.conftest import Files
from tests.crash.ledgers import Held, assert_holds, assert_same, assert_sound, ledger_of
from tests.crash.moments import Moments, rounds
from tests.crash.processes import Program, kill_postgres, wait_for
from tests.crash.recording_worker import GATEWAY, deliveries_of

pytestmark = pytest.mark.crash

MOST_IN_A_BATCH = 64


def recording(home: Path, files: Files, notes: Path, batch: int, *death: int) -> Program:
    arguments = (str(home), files.lifecycle, str(notes), str(batch), *map(str, death))
    return Program(home, "tests.crash.recording_worker", *arguments)


@pytest.mark.parametrize("kills", rounds())
def test_whatever_was_acknowledged_before_a_kill_is_there(
    kills: int, home: Path, files: Files, moments: Moments
) -> None:
    whole = files.reference_without_trace.deliveries.values()
    last = len({one.fingerprint for delivered in whole for one in delivered}) - MOST_IN_A_BATCH
    for kill, count in enumerate(moments.ascending(kills, 0, last, "killed when so many are acknowledged")):
        notes, victim = home.parent / f"acknowledged-{kill}", moments.one_of("recorder", "postmaster", "everything")
        notes.touch()
        with recording(home, files, notes, moments.within(8, MOST_IN_A_BATCH, "lines in a batch")) as run:
            wait_for(lambda: len(acknowledged(notes)) >= count, run, f"{count} are acknowledged")  # noqa: B023  # asked at once
            if victim == "recorder":
                run.kill()
            else:
                kill_postgres(home, victim)
            run.ended()
        with ledger_of(home) as ledger:
            held = assert_sound(ledger, files.reference)
        assert_holds(held, files.reference, acknowledged(notes))
    complete(home, files)


@pytest.mark.parametrize("kills", rounds())
def test_a_delivery_that_touches_two_streams_is_in_both_or_in_neither_whenever_a_kill_falls(
    kills: int, home: Path, files: Files, moments: Moments
) -> None:
    batch = moments.within(4, 32, "lines in a batch")
    pairs = pairs_of(deliveries_of(files.recording.lifecycle), batch, files.reference_without_trace)
    for kill, choice in enumerate(moments.ascending(kills, 0, len(pairs) - 1, "killed with two streams")):
        pair = pairs[choice]
        calls = moments.within(0, 1, f"killed in batch {pair.batch} after so many calls")
        notes = home.parent / f"acknowledged-{kill}"
        with recording(home, files, notes, batch, pair.batch, calls) as run:
            assert run.ended().code == -9
        with ledger_of(home) as ledger:
            held = assert_sound(ledger, files.reference_without_trace)
        assert_holds(held, files.reference_without_trace, acknowledged(notes))
        there = [
            key
            for key in pair.engine_keys
            if pair.fingerprint in {one.fingerprint for one in held.deliveries.get(key, ())}
        ]
        assert there == (pair.engine_keys if calls else [])
    complete(home, files)


class Pair(Struct, frozen=True):
    """A delivery of two streams in two partitions, and the batch that it is in: one call, after nothing of it was."""

    fingerprint: bytes
    engine_keys: list[str]
    batch: int


def pairs_of(deliveries: list[Delivery], batch: int, reference: Held) -> list[Pair]:
    """Find the deliveries of two streams, one a batch."""
    keys: dict[bytes, list[str]] = {}
    for key, delivered in reference.deliveries.items():
        for one in delivered:
            keys.setdefault(one.fingerprint, []).append(key)
    pairs: dict[int, Pair] = {}
    for number, first in enumerate(range(0, len(deliveries), batch)):
        for fingerprint in {one.fingerprint: None for one in deliveries[first : first + batch]}:
            touched = keys.pop(fingerprint, [])
            if len({partition(key) for key in touched}) == 2:
                pairs[number] = Pair(fingerprint, touched, number)
    return list(pairs.values())


def partition(engine_key: str) -> int:
    return partition_of(GATEWAY, engine_key, DEFAULT_PARTITIONS)


def complete(home: Path, files: Files) -> None:
    with recording(home, files, home.parent / "acknowledged", 256) as run:
        ended = run.ended()
        assert ended.code == 0, ended
    with ledger_of(home) as ledger:
        assert_same(assert_sound(ledger, files.reference), files.reference_without_trace)


def acknowledged(notes: Path) -> set[bytes]:
    """Read the fingerprints that were noted whole."""
    noted = notes.read_bytes()
    return {bytes.fromhex(line.decode()) for line in noted[: noted.rfind(b"\n") + 1].splitlines()}
