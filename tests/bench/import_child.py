"""`python -m tests.bench.import_child CONNINFO FILE`: import a file in a process of its own, and say what it took."""

import resource
import sys
from pathlib import Path
from time import perf_counter

import msgspec

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer


class Took(msgspec.Struct, frozen=True):
    """What an import took: calls that were recorded, in seconds, and the peak of its memory in bytes."""

    calls: int
    rejected: int
    seconds: float
    peak: int


def peak_memory() -> int:
    """Give the most memory that this process had, in bytes.

    Linux counts into `ru_maxrss` what a process had before it became this program, so its own peak is read instead.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main() -> None:
    """Import, and print what it took."""
    with Ledger.open(sys.argv[1]) as ledger:
        began = perf_counter()
        imported = Importer(ledger, gateway="bench").import_recording(sys.argv[2], lambda _bytes: None)
        took = Took(imported.recorded, len(imported.rejected), perf_counter() - began, peak_memory())
    sys.stdout.buffer.write(msgspec.json.encode(took))


if __name__ == "__main__":
    main()
