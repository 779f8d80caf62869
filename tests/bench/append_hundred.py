"""Append of a hundred events a transaction, by eight writers, against the library's recorder and binary COPY."""

from collections.abc import Iterator
from functools import partial

from tests.bench.figures import Figure, figure_of, rate, ratios
from tests.bench.peers import Copying, Library, Ours, make_tables
from tests.bench.rounds import Options, interleave
from tests.bench.servers import Server
from tests.bench.writers import Peer, writing

EVENTS = 100


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure events a second."""
    with server.database("append_hundred") as database:
        make_tables(database)
        peers: dict[str, Peer] = {
            name: make(database, EVENTS) for name, make in (("ours", Ours), ("library", Library), ("copy", Copying))
        }
        with writing(peers) as writers:
            works = {name: partial(writers.rate, name, options.seconds) for name in peers}
            found = interleave(options.rounds, works)
    ours = f"{rate(found['ours'])} against "
    yield figure_of(
        "append-100 / library",
        ratios(found["ours"], found["library"]),
        target=2,
        note=ours + rate(found["library"]),
    )
    yield figure_of(
        "append-100 / binary COPY",
        ratios(found["ours"], found["copy"]),
        target=0.2,
        note=ours + rate(found["copy"]),
    )
