from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crash.conftest import Files
from tests.crash.ledgers import assert_sound, assert_whole, ledger_of
from tests.crash.moments import Moments, rounds
from tests.crash.processes import assert_told, importing, kill_postgres, wait_for

pytestmark = pytest.mark.crash


@pytest.mark.parametrize("kills", rounds())
def test_an_import_whose_postgres_was_killed_says_so_and_is_completed(
    kills: int, home: Path, files: Files, moments: Moments
) -> None:
    """Now and then another import runs beside it, which is told as well, or was done."""
    lines = files.recording.lifecycle
    named = ("--gateway", "laptop")
    for count in [0, *moments.ascending(kills - 1, 1, len(lines) - 1, "killed when so many lines are taken")]:
        victim = moments.one_of("postmaster", "backend", "everything")
        with ExitStack() as stack:
            run = stack.enter_context(importing(home, "-", *named))
            others = [stack.enter_context(importing(home, files.lifecycle, *named))] if moments.coin() else []
            run.feed(lines[:count])
            wait_for(lambda: kill_postgres(home, victim), run, "Postgres runs")  # noqa: B023  # it is asked at once
            run.feed(lines[count:])
            ended = [one.ended() for one in (run, *others)]
        for one in ended:
            if one.code != 0:
                assert_told(one)
        assert others or ended[0].code != 0
        if moments.coin():
            with ledger_of(home) as ledger:
                assert_sound(ledger, files.reference)
    with importing(home, files.lifecycle, *named, "--trace", files.trace) as run:
        run.ended().answer()
    with ledger_of(home) as ledger:
        assert_whole(ledger, files.reference)
