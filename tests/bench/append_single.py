"""Append of one event a transaction, by eight writers, against the library's recorder and a bare INSERT."""

from collections.abc import Iterator
from functools import partial

from tests.bench.figures import Figure, figure_of, rate, ratios
from tests.bench.peers import Inserting, Library, Ours, make_tables
from tests.bench.rounds import Options, interleave
from tests.bench.servers import Server
from tests.bench.writers import Peer, writing


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure events a second."""
    with server.database("append_single") as database:
        make_tables(database)
        peers: dict[str, Peer] = {
            "ours": Ours(database, 1),
            "library": Library(database, 1),
            "insert": Inserting(database),
        }
        with writing(peers) as writers:
            works = {name: partial(writers.rate, name, options.seconds) for name in peers}
            found = interleave(options.rounds, works)
    ours = f"{rate(found['ours'])} against "
    yield figure_of(
        "append-1 / library",
        ratios(found["ours"], found["library"]),
        target=2,
        note=ours + rate(found["library"]),
    )
    yield figure_of(
        "append-1 / bare INSERT",
        ratios(found["ours"], found["insert"]),
        target=0.45,
        note=ours + rate(found["insert"]),
    )
