"""What is kept of the sources that were imported."""

from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.sources import MOST_PROBLEMS, Progress, Skipped, keep_source, marks_of, source_key, sources

STORE = source_key("home", "store", b"store-1")


def _kept(ledger: Ledger, progress: Progress, *, path: str = "/a.sqlite", skipped: tuple[Skipped, ...] = ()) -> None:
    keep_source(
        ledger.connection,
        STORE,
        gateway="home",
        kind="store",
        path=path,
        marks=b"line %d" % progress.records,
        skipped=list(skipped),
        progress=progress,
    )


def test_reading_goes_on_where_it_was_kept(ledger: Ledger) -> None:
    assert marks_of(ledger.connection, STORE) is None
    _kept(ledger, Progress(7, 7, 9))
    assert marks_of(ledger.connection, STORE) == b"line 7"


def test_the_counts_of_all_imports_are_added_and_the_last_path_and_problems_are_told(ledger: Ledger) -> None:
    _kept(ledger, Progress(7, 7, 9), skipped=(Skipped("session-1:3", "not JSON"),))
    _kept(ledger, Progress(2, 1, 1), path="/moved.sqlite")
    found = sources(ledger.connection)
    assert [(one.path, one.records, one.recorded, one.events, one.skipped) for one in found] == [
        ("/moved.sqlite", 9, 8, 10, [])
    ]
    assert found[0].first_at < found[0].last_at
    assert sources(ledger.connection, "elsewhere") == []


def test_of_many_problems_some_are_kept_and_all_are_counted(ledger: Ledger) -> None:
    _kept(ledger, Progress(), skipped=tuple(Skipped(f"line {n}", "not JSON") for n in range(MOST_PROBLEMS + 1)))
    found = sources(ledger.connection)[0]
    assert (found.problem_count, len(found.skipped), found.skipped[0]) == (
        MOST_PROBLEMS + 1,
        MOST_PROBLEMS,
        Skipped("line 0", "not JSON"),
    )


def test_the_same_store_of_two_gateways_is_two_sources() -> None:
    assert source_key("home", "store", b"store-1") != source_key("away", "store", b"store-1")
