"""A reader that follows a partition by position loses nothing, whoever writes."""

from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from random import Random

import pytest

from infrastructure.ledger.appending import Append
from infrastructure.ledger.evidence import Row
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.infrastructure.ledger.appends import key_in, told

PROCESSES = 4
THREADS = 2
EVENTS = 20_000
EVENTS_A_WRITER = EVENTS // (PROCESSES * THREADS)
SPREAD = tuple(range(16))

Acknowledged = dict[tuple[int, int], bytes]
"""(partition, position) → payload."""


def write(conninfo: str, writer: int, partitions: tuple[int, ...]) -> Acknowledged:
    """Append single events and groups, to streams shared with the other writers; give what was acknowledged."""
    random = Random(writer)
    acknowledged: Acknowledged = {}
    with Ledger.open(conninfo) as ledger:
        while len(acknowledged) < EVENTS_A_WRITER:
            partition = random.choice(partitions)
            sizes = [1] if random.random() < 0.6 else [random.randint(1, 5) for _ in range(random.randint(1, 4))]
            group = [an_append(random, partition, writer, size) for size in sizes]
            for append, done in zip(group, ledger.append(partition, group), strict=True):
                if done.outcome == "appended" and done.first_position is not None:
                    for place, (_kind, payload) in enumerate(append.events):
                        acknowledged[partition, done.first_position + place] = payload
    return acknowledged


def an_append(random: Random, partition: int, writer: int, size: int) -> Append:
    payloads = [sha256(b"%d %d" % (writer, random.getrandbits(64))).digest() for _ in range(size)]
    expected = random.choice([None, None, None, 5])
    return told(key_in(partition, random.randrange(3)), *payloads, expected=expected)


def write_with_threads(conninfo: str, process: int, partitions: tuple[int, ...]) -> Acknowledged:
    with ThreadPoolExecutor(THREADS) as threads:
        running = [threads.submit(write, conninfo, process * THREADS + n, partitions) for n in range(THREADS)]
    return {place: payload for one in running for place, payload in one.result().items()}


def follow(ledger: Ledger, partitions: tuple[int, ...], writers: "list[Future[Acknowledged]]") -> dict[int, list[Row]]:
    """Read on in every partition until a whole round after the last writer had finished."""
    seen: dict[int, list[Row]] = {partition: [] for partition in partitions}
    finished, seen_meanwhile = False, 0
    while not finished:
        seen_meanwhile = sum(map(len, seen.values()))
        finished = all(one.done() for one in writers)
        for partition in partitions:
            rows = ledger.partition(partition, after=len(seen[partition]), limit=200)
            while rows:
                assert [row.position for row in rows] == list(
                    range(len(seen[partition]) + 1, len(seen[partition]) + 1 + len(rows))
                )
                seen[partition] += rows
                rows = ledger.partition(partition, after=len(seen[partition]), limit=200) if finished else []
    assert seen_meanwhile > EVENTS // 10, "the reader did not read while they wrote"
    return seen


@pytest.mark.parametrize("partitions", [SPREAD, (7,)], ids=["all-partitions", "one-partition"])
def test_a_reader_by_position_sees_everything_that_concurrent_writers_were_acknowledged(
    database: str, ledger: Ledger, partitions: tuple[int, ...]
) -> None:
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
        writers = [processes.submit(write_with_threads, database, n, partitions) for n in range(PROCESSES)]
        seen = follow(ledger, partitions, writers)
    acknowledged = {place: payload for one in writers for place, payload in one.result().items()}

    assert len(acknowledged) >= EVENTS
    assert {(row.partition, row.position): row.payload for rows in seen.values() for row in rows} == acknowledged
    for partition, rows in seen.items():
        assert ledger.partition(partition, limit=2 * EVENTS) == rows
    verified = verify(ledger)
    assert verified.ok
    assert verified.events == len(acknowledged)
