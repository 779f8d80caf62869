from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.conftest import Files
from tests.crash.ledgers import assert_whole, ledger_of
from tests.crash.moments import Moments, rounds
from tests.crash.processes import Progress, assert_told, importing, kill_postgres, wait_for
from tests.infrastructure.embedded.support import data_of

pytestmark = pytest.mark.crash


def stages_of(home: Path, progress: Progress) -> list[Callable[[], object]]:
    """Give what shows how far a first start has come, in order."""
    root = home / "postgres"
    return [
        root.exists,
        lambda: any(root.glob("data.new-*")) or data_of(home).exists(),
        lambda: any(root.glob("data.new-*/base/*")) or data_of(home).exists(),
        data_of(home).exists,
        (data_of(home) / "postmaster.pid").exists,
        lambda: progress.ask("select 1"),
        lambda: progress.ask("select 1 from pg_namespace where nspname = 'heartline'"),
        lambda: progress.ask("select 1 from heartline.ledger"),
        lambda: progress.reached(1),
    ]


@pytest.mark.parametrize("kills", rounds())
def test_a_first_import_that_was_killed_while_it_makes_the_ledger_is_completed(
    kills: int, new_home: Path, files: Files, moments: Moments
) -> None:
    """A stage that an earlier run has reached is there at once: then the run is killed so many looks later."""
    arguments = (files.lifecycle, "--gateway", "laptop", "--trace", files.trace)
    with Progress(new_home) as progress:
        stages = stages_of(new_home, progress)
        for stage in moments.ascending(kills, 0, len(stages) - 1, "killed at stage"):
            looks = iter(range(moments.within(0, 40, "looks later")))
            victim = moments.one_of("import", "postmaster")
            with importing(new_home, *arguments) as run:
                wait_for(stages[stage], run, f"stage {stage}")
                wait_for(lambda: next(looks, None) is None, run, "the moment")  # noqa: B023  # it is asked at once
                if victim == "postmaster" and kill_postgres(new_home, victim):
                    ended = run.ended()
                    if ended.code != 0:
                        assert_told(ended)
                else:
                    run.kill()
                    assert run.ended().code in (0, -9)
    with importing(new_home, *arguments) as run:
        run.ended().answer()
    with ledger_of(new_home) as ledger:
        assert_whole(ledger, files.reference)
