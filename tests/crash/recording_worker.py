"""A client of the recorder that notes on the disk what was acknowledged to it, after each answer.

`python -m tests.crash.recording_worker HOME RECORDING ACKNOWLEDGED BATCH [DIES_IN DIES_AFTER]` records batches of BATCH
lines, and kills itself in its batch DIES_IN (from 0), after DIES_AFTER calls that appended.
"""

import os
import signal
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from infrastructure.composition import DATABASE, SERVICE_ROLE, prepare_embedded
from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.ledger.appending import Appended, Group
from infrastructure.ledger.connection import connect
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.observed import engine_key_of, parts_of
from infrastructure.openclaw.wire import decode_call
from infrastructure.recorder.deliveries import Delivery
from infrastructure.recorder.recorder import Recorder

GATEWAY = "laptop"


class MortalLedger(Ledger):
    """Kills its process once it has appended so often since it was told."""

    left: int | None = None

    def append_groups(self, groups: Sequence[Group], *, all_or_nothing: bool = False) -> list[list[Appended]]:
        self.die_if_due()
        answer = super().append_groups(groups, all_or_nothing=all_or_nothing)
        self.left = None if self.left is None else self.left - 1
        return answer

    def die_if_due(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def delivery_of(line: bytes) -> Delivery | None:
    """Read a line as the importer does; None for what belongs to no engine."""
    call = decode_call(line)
    engine_key = engine_key_of(call, "session-key")
    if engine_key is None:
        return None
    fingerprint = sha256(line).digest()
    named = call.delivery_id != fingerprint.hex()
    return Delivery(GATEWAY, call.delivery_id, fingerprint, parts_of(call, engine_key), named)


def deliveries_of(lines: Sequence[bytes]) -> list[Delivery]:
    return [delivery for line in lines if (delivery := delivery_of(line))]


def main(home: str, recording: str, acknowledged: str, batch: str, dies_in: str = "-1", dies_after: str = "0") -> None:
    deliveries = deliveries_of(Path(recording).read_bytes().splitlines())
    size = int(batch)
    with EmbeddedPostgres(Path(home)) as address:
        prepare_embedded(address)
        with (
            connect(address.conninfo(user=SERVICE_ROLE, dbname=DATABASE)) as connection,
            Path(acknowledged).open("ab") as notes,
        ):
            ledger = MortalLedger(connection)
            recorder = Recorder(ledger)
            for number, first in enumerate(range(0, len(deliveries), size)):
                ledger.left = int(dies_after) if number == int(dies_in) else None
                some = deliveries[first : first + size]
                answers = recorder.record(some)
                ledger.die_if_due()
                outcomes = zip(some, answers, strict=True)
                told = [one.fingerprint.hex() for one, it in outcomes if it.outcome in ("recorded", "duplicate")]
                notes.write("".join(f"{one}\n" for one in told).encode())
                notes.flush()
                os.fsync(notes.fileno())


if __name__ == "__main__":
    main(*sys.argv[1:])
