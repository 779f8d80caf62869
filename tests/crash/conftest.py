import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from infrastructure.openclaw.importer import Importer
from tests.crash.ledgers import Held, held_by, ledger_of
from tests.crash.moments import Moments
from tests.crash.recording import Recording, ended, make_recording
from tests.crash.recording_worker import GATEWAY
from tests.infrastructure.embedded.support import open_folder

ROUNDS = 36


class Files(Struct, frozen=True):
    """The recording, where it lies, and what it comes to where nothing is killed."""

    recording: Recording
    lifecycle: str
    trace: str
    reference: Held
    reference_without_trace: Held


@pytest.fixture(scope="session")
def crash_folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def empty_home(crash_folder: Path) -> Path:
    """A home whose cluster and ledger are made, and which nothing was recorded into."""
    home = crash_folder / "empty"
    with ledger_of(home):
        pass
    return home


@pytest.fixture(scope="session")
def files(crash_folder: Path, empty_home: Path) -> Files:
    recording = make_recording(1, ROUNDS)
    lifecycle, trace = crash_folder / "lifecycle.ndjson", crash_folder / "cache-trace.jsonl"
    lifecycle.write_bytes(b"".join(ended(recording.lifecycle)))
    trace.write_bytes(b"".join(ended(recording.trace)))
    home = crash_folder / "never-killed"
    shutil.copytree(empty_home, home)
    with ledger_of(home) as ledger:
        Importer(ledger, gateway=GATEWAY).import_recording(str(lifecycle), lambda _: None)
        without = held_by(ledger)
        Importer(ledger, gateway=GATEWAY).import_recording(str(lifecycle), lambda _: None, str(trace))
        return Files(recording, str(lifecycle), str(trace), held_by(ledger), without)


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> Moments:
    return Moments(request.node.name)


@pytest.fixture
def new_home() -> Iterator[Path]:
    """A home that does not exist yet; what runs in it is ended afterwards."""
    with open_folder() as folder:
        yield folder / "home"


@pytest.fixture
def home(new_home: Path, empty_home: Path) -> Path:
    """A home of a ledger that nothing was recorded into."""
    shutil.copytree(empty_home, new_home)
    return new_home
