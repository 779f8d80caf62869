from hashlib import sha256
from pathlib import Path

import pytest

from infrastructure.openclaw.importing import BATCH_LINES
from tests.crash.conftest import Files
from tests.crash.ledgers import Held, assert_sound, assert_whole, ledger_of
from tests.crash.moments import Moments, rounds
from tests.crash.processes import Program, Progress, importing, wait_for
from tests.crash.recording import ended

pytestmark = pytest.mark.crash

NAMED = ("--gateway", "laptop")


@pytest.mark.parametrize("kills", rounds())
def test_of_two_imports_of_the_same_lines_the_one_that_is_not_killed_completes_them(
    kills: int, home: Path, files: Files, moments: Moments
) -> None:
    """Each race is about the next part of the recording. The one begins somewhat earlier, so that batches differ."""
    lines, reference = files.recording.lifecycle, files.reference_without_trace
    longer, shorter = home.parent / "longer.ndjson", home.parent / "shorter.ndjson"
    recorded = 0
    for race in range(kills):
        first, last = len(lines) * race // kills, len(lines) * (race + 1) // kills
        earlier = moments.within(0, min(first, BATCH_LINES - 1), "begun so many lines earlier")
        longer.write_bytes(b"".join(ended(lines[first - earlier : last])))
        shorter.write_bytes(b"".join(ended(lines[first:last])))
        before, recorded = recorded, events_of(reference, lines[:last])
        moment = moments.within(before, recorded - 1, "killed when so many events are recorded")
        with racing(home, longer) as one, racing(home, shorter) as other, Progress(home) as progress:
            wait_for(lambda: progress.reached(moment), one, f"{moment} events")  # noqa: B023  # it is asked at once
            victim, survivor = (one, other) if moments.coin() else (other, one)
            victim.kill()
            answer = survivor.ended().answer()
            assert victim.ended().code in (0, -9)
        assert answer["lines"] == last - first + (earlier if survivor is one else 0)
        with ledger_of(home) as ledger:
            assert assert_sound(ledger, reference).events == recorded
    with importing(home, files.lifecycle, *NAMED, "--trace", files.trace) as run:
        assert run.ended().answer()["recorded"] == 0
    with ledger_of(home) as ledger:
        assert_whole(ledger, files.reference)


def racing(home: Path, part: Path) -> Program:
    return importing(home, str(part), *NAMED)


def events_of(reference: Held, lines: list[bytes]) -> int:
    """Count the events that these lines come to."""
    known = {sha256(line).digest() for line in lines}
    delivered = (one for all_ in reference.deliveries.values() for one in all_ if one.fingerprint in known)
    return sum(one.last - one.first + 1 for one in delivered)
