from pathlib import Path

import pytest

from tests.crash.conftest import Files
from tests.crash.ledgers import assert_sound, assert_whole, ledger_of
from tests.crash.moments import Moments, rounds
from tests.crash.processes import Progress, importing, wait_for

pytestmark = pytest.mark.crash


@pytest.mark.parametrize("kills", rounds())
def test_an_import_of_a_file_and_its_trace_that_was_killed_is_completed(
    kills: int, home: Path, files: Files, moments: Moments
) -> None:
    arguments = (files.lifecycle, "--trace", files.trace)
    for events in moments.ascending(kills, 0, files.reference.events - 1, "killed when so many events are recorded"):
        with importing(home, *arguments) as run, Progress(home) as progress:
            wait_for(lambda: progress.reached(events), run, f"{events} events")  # noqa: B023  # it is asked at once
            run.kill()
            assert run.ended().code in (0, -9)
        if moments.coin():
            with ledger_of(home) as ledger:
                assert_sound(ledger, files.reference)
    _complete(home, files, *arguments)


@pytest.mark.parametrize("kills", rounds())
def test_an_import_from_a_pipe_that_was_killed_is_completed(
    kills: int, home: Path, files: Files, moments: Moments
) -> None:
    lines = files.recording.lifecycle
    for count in moments.ascending(kills, 0, len(lines) - 1, "killed when it has taken so many lines"):
        with importing(home, "-", "--gateway", "laptop") as run:
            run.feed(lines[:count])
            run.kill()
            assert run.ended().code == -9
        if moments.coin():
            with ledger_of(home) as ledger:
                assert_sound(ledger, files.reference)
    with importing(home, files.lifecycle, "--gateway", "laptop", "--trace", files.trace) as run:
        run.ended().answer()
    with ledger_of(home) as ledger:
        assert_whole(ledger, files.reference)


def _complete(home: Path, files: Files, *arguments: str) -> None:
    """Run it again to the end, and once more, which must add nothing."""
    with importing(home, *arguments) as run:
        answer = run.ended().answer()
    with ledger_of(home) as ledger:
        assert_whole(ledger, files.reference)
    recording = files.recording
    engines = answer["lines"] - answer["ignored"] - recording.conflicting
    assert answer["recorded"] + answer["duplicates"] == engines
    assert len(answer["rejected"]) == recording.conflicting
    with importing(home, *arguments) as run:
        again = run.ended().answer()
    assert (again["recorded"], again["duplicates"], again["events"]) == (0, engines, 0)
    assert (again["trace"]["recorded"], again["trace"]["events"]) == (0, 0)
