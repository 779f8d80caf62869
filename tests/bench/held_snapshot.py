"""Appends while another transaction holds its snapshot open: what it keeps from being cleaned up must not slow them.

Two ledgers in one server grow alike, in turns; a snapshot is held in one of them. (A snapshot holds back cleaning in
its own database only.)
"""

from collections.abc import Iterator
from functools import partial

from psycopg import connect

from tests.bench.figures import Figure, figure_of, rate, ratios
from tests.bench.peers import Ours
from tests.bench.rounds import Options, interleave
from tests.bench.servers import Server
from tests.bench.writers import WRITERS, writing

APPENDS = 50_000
PIECES = 10


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure appends a second after so many appends."""
    with server.database("snapshot_held") as held, server.database("snapshot_free") as free:
        peers = {"held": Ours(held, 1), "free": Ours(free, 1)}
        with writing(peers) as writers, connect(held.owner) as holder:
            holder.execute("set transaction isolation level repeatable read")
            holder.execute("select count(*) from heartline.events")
            holder.execute("select * from heartline.heads")
            share = APPENDS // PIECES // WRITERS
            for _piece in range(PIECES):
                for name in peers:
                    writers.write(name, share)
            works = {name: partial(writers.rate, name, options.seconds) for name in peers}
            found = interleave(options.rounds, works)
    yield figure_of(
        "append-1, snapshot held / not held",
        ratios(found["held"], found["free"]),
        target=0.8,
        note=f"{rate(found['held'])} against {rate(found['free'])}, after {APPENDS:,} appends each",
    )
