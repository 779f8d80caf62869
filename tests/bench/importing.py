"""Import of the incident, repeated: how fast, against merely decoding its lines, and in how much memory."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import msgspec

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.lines import read_lines
from infrastructure.openclaw.wire import decode_call
from tests.bench.figures import Figure, figure_of, rate, ratios
from tests.bench.import_child import Took
from tests.bench.incident import recording, write_copies
from tests.bench.rounds import Options, interleave
from tests.bench.servers import Server

COPIES = 30
CALLS_A_SECOND = 2_000
MEGABYTES = 250


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure calls a second, and peak memory."""
    lines = recording(options.recording)
    with server.database("importing") as database, TemporaryDirectory(prefix="hl-bench-") as folder:
        file = Path(folder) / "big.ndjson"
        fresh = count(1, COPIES)
        with Ledger.open(database.service) as ledger:
            works = {
                "import": partial(_import, ledger, file, lines, fresh),
                "decode": partial(_decode, file, lines, fresh),
            }
            found = interleave(options.rounds, works)
        calls = sum(decode_call(line.removesuffix(b"\n")).session_key is not None for line in lines)
        yield from _speeds(found["import"], found["decode"], sum(map(len, lines)) / calls)
        copies = write_copies(file, lines, first=next(fresh) + COPIES, size=options.megabytes * 1_000_000)
        yield _memory(database.service, file, copies)


def _speeds(imported: list[float], decoded: list[float], bytes_a_call: float) -> Iterator[Figure]:
    megabytes = [one * bytes_a_call / 1e6 for one in imported]
    yield figure_of(
        "import, calls a second",
        imported,
        unit="/s",
        target=CALLS_A_SECOND,
        note=f"about {rate(megabytes, ' MB/s')}; an absolute figure, of this machine",
    )
    yield figure_of(
        "import / merely decoding",
        ratios(imported, decoded),
        note=f"{rate(imported)} against {rate(decoded)} calls",
    )


def _memory(conninfo: str, file: Path, copies: int) -> Figure:
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.import_child", conninfo, str(file)], check=True, capture_output=True
    ).stdout
    took = msgspec.json.decode(told, type=Took)
    if took.rejected:
        raise AssertionError(took)
    size = file.stat().st_size / 1e6
    return figure_of(
        "import, peak memory",
        [took.peak / 1e6],
        unit=" MB",
        target=MEGABYTES,
        at_most=True,
        note=f"a file of {size:,.0f} MB, {copies} copies: {took.calls / took.seconds:,.0f} calls/s, "
        f"{size / took.seconds:,.0f} MB/s",
    )


def _import(ledger: Ledger, file: Path, lines: list[bytes], fresh: "count[int]") -> float:
    write_copies(file, lines, first=next(fresh), count=COPIES)
    began = perf_counter()
    imported = Importer(ledger, gateway="bench").import_recording(str(file), lambda _bytes: None)
    seconds = perf_counter() - began
    if imported.rejected or imported.duplicates:
        raise AssertionError(imported)
    return imported.recorded / seconds


def _decode(file: Path, lines: list[bytes], fresh: "count[int]") -> float:
    """Decode as many calls as would be recorded; those of instances, which are not, are not counted either."""
    write_copies(file, lines, first=next(fresh), count=COPIES)
    began = perf_counter()
    with file.open("rb") as stream:
        calls = [decode_call(line.content or b"").session_key is not None for line in read_lines(stream)]
    return sum(calls) / (perf_counter() - began)
