"""Does a ledger still hold what was appended to it?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from infrastructure.ledger.checkpoint import Checkpoint, Place, last_checkpoint
from infrastructure.ledger.connection import AnyConnection, losing_the_database
from infrastructure.ledger.findings import Broken, Findings
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.sql import statement
from infrastructure.ledger.verifying_content import ContentCheck
from infrastructure.ledger.verifying_log import LogCheck

EVENTS_AT_ONCE = 1_000
"""Events are small. Contents, which may be of many MB, come one at a time."""


Read = Callable[[str, int, int], Iterator[tuple[Any, ...]]]
"""Gives the rows that a query finds in a partition; so many are fetched at once."""


class Verification(Struct, frozen=True):
    """What a verification came to. `erased` counts contents that were erased and are said to be, `redacted`
    those of which something else is kept than what was met, or nothing, as was said when they were recorded.
    """

    events: int
    partitions: int
    ok: bool
    erased: int
    heads: list[Place]
    broken: list[Broken]
    redacted: int = 0


def verify(ledger: Ledger, checkpoint: Path | Checkpoint | None = None) -> Verification:
    """Recompute everything that a ledger's evidence binds, as of one moment; appends go on meanwhile.

    Without a checkpoint this proves that the ledger is consistent in itself: no row was changed, moved, put in or taken
    out between others by someone who did not write the evidence anew. It can't tell that a log's end was cut off, nor
    that a log was written anew from some place on. With a file of checkpoints, or the last one of it, it finds both, up
    to that checkpoint. It proves nothing about what came after that, nor anything against someone who holds both the
    database and the file.

    A broken place has the position at which it shows: for what is missing, the first missing position; for a chain, the
    last event of its append. Position 0 stands for what has no position: deliveries, contents that no event recorded,
    heads, and (of partition 0) what concerns all partitions, such as triggers that are off.

    Raises:
        CheckpointUnusable: the file can't be read, is damaged or is of another ledger.
        DatabaseUnavailable: the database went away.
    """
    # The file is read before the moment that is verified: a checkpoint written later would name more than is seen.
    if isinstance(checkpoint, Path):
        checkpoint = last_checkpoint(checkpoint, ledger.ledger_id, ledger.partitions)
    with losing_the_database(), one_moment(ledger.connection):
        return verify_moment(ledger, checkpoint)


@contextmanager
def one_moment(connection: AnyConnection) -> Iterator[None]:
    """Read as of one moment, for as long as it takes."""
    connection.execute("begin transaction isolation level repeatable read, read only")
    try:
        connection.execute("set local statement_timeout = 0")
        yield
    finally:
        if not connection.closed:
            connection.rollback()


def verify_moment(ledger: Ledger, seen: Checkpoint | None = None, read: Read | None = None) -> Verification:
    """Verify within a transaction that is the caller's, and that sees nothing of others' writes.

    `read` gives the rows instead of the database itself: a backup writes them down as they pass. It is asked for
    `verify_events`, `verify_deliveries` and `verify_content` of each partition, in this order, and every row is taken.
    """
    read = read or partial(rows_of, ledger)
    events = erased = redacted = 0
    heads: list[Place] = []
    broken = [_switched_off(str(table)) for (table,) in _rows(ledger, "verify_triggers")]
    heads_found: dict[int, Any] = dict(_rows(ledger, "verify_partitions"))
    for partition in sorted({*heads_found, *range(ledger.partitions)}):
        findings = Findings(partition)
        if not 0 <= partition < ledger.partitions:
            findings.broken(0, f"the ledger has partitions 0 to {ledger.partitions - 1} only")
            broken += findings.named()
            continue
        if heads_found.get(partition) != ledger.ledger_id:
            findings.broken(0, "its row in heartline.heads is missing or is of another ledger")
        log = LogCheck(ledger.ledger_id, partition, ledger.partitions, findings)
        content = ContentCheck(findings)
        checked = seen.partitions[partition] if seen else Place(partition, 0, "")
        chain = log.go(read("verify_events", partition, EVENTS_AT_ONCE), content, checked.position)
        if seen:
            _compare(checked, seen.at, log.position, chain, findings)
        log.check_deliveries(read("verify_deliveries", partition, EVENTS_AT_ONCE))
        content.compare(read("verify_content", partition, 1))
        events += log.events
        erased += content.erased
        redacted += content.redacted
        heads.append(Place(partition, log.position, log.chain.hex()))
        broken += findings.named()
    return Verification(events, ledger.partitions, not broken, erased, heads, broken, redacted)


def _compare(checked: Place, at: str, position: int, chain: bytes | None, findings: Findings) -> None:
    if position < checked.position:
        findings.broken(
            position + 1, f"cut off after position {position}: the checkpoint of {at} saw {checked.position}"
        )
    elif checked.position and (chain or b"").hex() != checked.chain:
        findings.broken(
            checked.position, f"rewritten: the checkpoint of {at} saw another chain at position {checked.position}"
        )


def _switched_off(table: str) -> Broken:
    return Broken(0, 0, f"the trigger that keeps heartline.{table} from being changed is missing or switched off")


def _rows(ledger: Ledger, name: str) -> list[tuple[Any, ...]]:
    with ledger.connection.cursor(binary=True) as cursor:
        return cursor.execute(statement(f"queries/{name}")).fetchall()


def rows_of(ledger: Ledger, name: str, partition: int, size: int) -> Iterator[tuple[Any, ...]]:
    """Stream what a query finds in a partition."""
    with ledger.connection.cursor(binary=True) as cursor:
        yield from cursor.stream(statement(f"queries/{name}"), {"partition": partition}, size=size)
