"""Questions over a generated ledger: how long the slowest twentieth of them takes at least.

Each is asked with many different keys, since some have thousands of rows and most have few. Beside the time that it
took stands the processor time of ours and of Postgres: that does not hang on who else uses the machine.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from random import Random
from time import perf_counter, process_time
from typing import Any

import psutil  # type: ignore[import-untyped]  # it brings no types

from infrastructure.answers.library import Library
from infrastructure.answers.listing import AnyListing, Selection
from infrastructure.answers.listings import LISTINGS
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.search import Sought
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.generate.recording import record_generated
from tests.bench.figures import Figure, figure_of
from tests.bench.rounds import Options
from tests.bench.servers import Server

LIST_MS, SEARCH_MS = 25, 150
"""What a question may take at most, in ms."""

ASKED = 40
"""How often each is asked in a round."""

ROUNDS = 3
"""At most: there are a hundred different questions."""

KEYS = 20
"""So many different keys are asked for: half of them those with the most turns, the others by chance."""

WORDS: dict[str, tuple[str, ...]] = {
    "common word": ("heartbeat", "the", "read", "inbox"),
    "rare word": ("nothingofthekind", "zz9", "overflow*"),
    "phrase of common words": ('"heartbeat poll"', '"the inbox"', '"in the"'),
    "several words": ("heartbeat inbox", "the file -heartbeat"),
}

_BUSIEST = "select {0} from heartline_projections.turns group by 1 order by count(*) desc, 1 limit %s"
_ANY = "select distinct {0} from heartline_projections.engines where {0} is not null order by 1"

Question = Callable[[], Any]


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure lists with each filter, their first and their next pages, `state --at`, and searches."""
    with server.database("questions") as database, Ledger.open(database.service) as ledger:
        library = Library(ledger)
        record_generated(ledger, events=options.events)
        library.refresh()
        yield from _asked(library, min(options.rounds, ROUNDS))


def _asked(library: Library, rounds: int) -> Iterator[Figure]:
    answers, keys = LocalAnswers(library), _keys(library)
    times = _times(library)
    for listing in LISTINGS:
        for name, selections in _selections(keys, times).items():
            yield _figure(library, f"{listing.name}, {name}", _firsts(answers, listing, selections), rounds, LIST_MS)
            nexts = _nexts(answers, listing, selections)
            if nexts:
                yield _figure(library, f"{listing.name}, {name}, next page", nexts, rounds, LIST_MS)
    states = [_state(answers, key, at) for key in keys["engine_key"] for at in _versions(library, key)]
    yield _figure(library, "state --at", states, rounds, LIST_MS)
    for name, words in WORDS.items():
        yield _figure(library, f"search, {name}", [_search(answers, query=one) for one in words], rounds, SEARCH_MS)
        narrowed = [_search(answers, query=one, agent=agent) for one in words for agent in keys["agent"][:4]]
        yield _figure(library, f"search, {name}, of an agent", narrowed, rounds, SEARCH_MS)
    tools = [_search(answers, query="file", type=kind) for kind in ("tool-call", "tool-result")]
    yield _figure(library, "search, by type", tools, rounds, SEARCH_MS)


def _figure(library: Library, name: str, questions: Sequence[Question], rounds: int, most: float) -> Figure:
    backend = psutil.Process(library.ledger.connection.info.backend_pid)
    values: list[float] = []
    ours = theirs = 0.0
    for ask in questions[:3]:
        ask()  # what is asked first reads from the disk
    for _round in range(rounds):
        took: list[float] = []
        began, there = process_time(), _processor(backend)
        for ask in islice(cycle(questions), ASKED):
            at = perf_counter()
            ask()
            took.append(1_000 * (perf_counter() - at))
        ours, theirs = ours + process_time() - began, theirs + _processor(backend) - there
        values.append(sorted(took)[ASKED * 95 // 100])
    asked = rounds * ASKED
    note = f"processor: {1_000 * ours / asked:.1f} ms and {1_000 * theirs / asked:.1f} ms in Postgres"
    return figure_of(name, values, target=most, at_most=True, unit=" ms", note=note)


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _keys(library: Library) -> dict[str, list[str]]:
    chance = Random(1)
    found: dict[str, list[str]] = {}
    for name in ("engine_key", "routing_key", "agent"):
        busiest = [str(row[0]) for row in _rows(library, _BUSIEST.format(name), KEYS // 2)]
        every = [str(row[0]) for row in _rows(library, _ANY.format(name))]
        found[name] = [*busiest, *chance.sample(every, min(KEYS // 2, len(every)))]
    return found


def _rows(library: Library, query: str, *parameters: int) -> list[Any]:
    return library.ledger.connection.execute(query.encode(), parameters or None).fetchall()


def _times(library: Library) -> list[int]:
    """Give ten times, evenly over all that happened."""
    query = "select min(first_at), max(last_at) from heartline_projections.engines"
    [(first, last)] = _rows(library, query)
    return [first + (last - first) * part // 10 for part in range(1, 11)]


def _selections(keys: dict[str, list[str]], times: Sequence[int]) -> dict[str, list[Selection]]:
    return {
        "all": [Selection()],
        "of a gateway": [Selection(gateway="generated")],
        "of an engine key": [Selection(engine_key=key) for key in keys["engine_key"]],
        "of a routing key": [Selection(routing_key=key) for key in keys["routing_key"]],
        "of an agent": [Selection(agent=key) for key in keys["agent"]],
        "of a time": [Selection(until=at) for at in times],
        "of a routing key and a time": [
            Selection(routing_key=key, until=at) for key, at in zip(keys["routing_key"], cycle(times), strict=False)
        ],
    }


def _firsts(answers: LocalAnswers, listing: AnyListing, selections: Sequence[Selection]) -> list[Question]:
    return [lambda one=one: answers.listed(listing, one) for one in selections]  # type: ignore[misc]  # it is bound now


def _nexts(answers: LocalAnswers, listing: AnyListing, selections: Sequence[Selection]) -> list[Question]:
    found = [(one, answers.listed(listing, one)) for one in selections]
    return [
        lambda one=one, after=page.cursor: answers.listed(listing, one, after)  # type: ignore[misc]  # as above
        for one, page in found
        if page.more
    ]


def _versions(library: Library, key: str) -> list[str]:
    last = max(one.events for one in library.streams(engine_key=key))
    return [str(max(last * part // 4, 1)) for part in range(1, 5)]


def _state(answers: LocalAnswers, key: str, at: str) -> Question:
    return lambda: answers.state(key, at=at)


def _search(answers: LocalAnswers, **sought: Any) -> Question:
    return lambda: answers.search_page(Sought(**sought))
