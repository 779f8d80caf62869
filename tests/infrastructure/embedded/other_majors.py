"""Other Postgres versions that are at hand: the wheel brings two, a system may have more."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infrastructure.embedded.address import Address
from infrastructure.embedded.binaries import Binaries, _candidates, find_binaries
from infrastructure.embedded.launcher import ensure_running, stop_running
from infrastructure.embedded.layout import Layout
from infrastructure.embedded.locks import start_lock

OLDEST = 16


def _found() -> Binaries | None:
    usual = find_binaries().major
    for folder in _candidates():
        if all((folder / program).exists() for program in ("initdb", "postgres")):
            binaries = Binaries.at(folder)
            if binaries.major != usual and binaries.major >= OLDEST:
                return binaries
    return None


OTHER_MAJOR = _found()

needs_another_major = pytest.mark.skipif(
    OTHER_MAJOR is None,
    reason="neither the wheel nor the system has another Postgres of a major version from 16 on",
)


@contextmanager
def running(home: Path) -> Iterator[Address]:
    """Run a server of the other major version on a home."""
    assert OTHER_MAJOR is not None
    layout = Layout.below(home)
    is_new = layout.make()
    with start_lock(layout.start_lock):
        address = ensure_running(layout, OTHER_MAJOR, new_home=is_new)
    try:
        yield address
    finally:
        with start_lock(layout.start_lock):
            stop_running(layout)
