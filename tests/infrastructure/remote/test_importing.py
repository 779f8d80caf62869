"""A recording that is imported into a service comes to the same as one that is imported into its database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.answers.library import Library
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.writing import written
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.importing import Imported, Importing
from infrastructure.openclaw.observed import KeyedBy
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from infrastructure.remote.importing import RemoteEnd
from infrastructure.remote.service import opened_service
from tests.databases import Databases
from tests.infrastructure.cli.sample import line
from tests.infrastructure.cli.test_lines import BAD_LINES
from tests.infrastructure.http.conftest import served
from tests.infrastructure.remote import strange


class Both:
    """A ledger that is imported into at hand, and one that is imported into through its service."""

    def __init__(self, local: Ledger, distant: Ledger, url: str) -> None:
        self.local, self.distant, self._url = local, distant, url

    def importing(
        self, path: str | Path, trace: Path | None = None, gateway: str | None = "g", keyed_by: KeyedBy = "session-key"
    ) -> tuple[Imported, Imported]:
        given = (str(path), lambda _bytes: None, None if trace is None else str(trace))
        here = Importer(self.local, gateway=gateway, keyed_by=keyed_by).import_recording(*given)
        with opened_service(self._url, None) as service:
            there = Importing(RemoteEnd(service, keyed_by), gateway=gateway).import_recording(*given)
        return here, there


@pytest.fixture
def both(databases: Databases) -> Iterator[Both]:
    here, there = databases.make(), databases.make()
    with Ledger.open(here) as local, Ledger.open(there) as distant, served(there) as url:
        yield Both(local, distant, url)


def findings(ledger: Ledger) -> bytes:
    answers = LocalAnswers(Library(ledger))
    return written([(one.code, one.summary, one.occurrences, one.evidence) for one in answers.findings()])


@pytest.mark.parametrize("keyed_by", ["session-key", "session-id"])
def test_the_sample_comes_to_the_same_and_again_to_duplicates(both: Both, keyed_by: KeyedBy) -> None:
    here, there = both.importing(LIFECYCLE, TRACE, keyed_by=keyed_by)
    assert there == here
    assert there.recorded > 0
    assert findings(both.distant) == findings(both.local)
    again_here, again_there = both.importing(LIFECYCLE, TRACE, keyed_by=keyed_by)
    assert again_there == again_here
    assert (again_there.recorded, again_there.events) == (0, 0)


def test_a_source_gets_the_name_that_it_would_get_here(both: Both) -> None:
    here, there = both.importing(LIFECYCLE, gateway=None)
    assert there.gateway == here.gateway
    assert both.importing(LIFECYCLE, gateway=None)[1].gateway == there.gateway


def test_bad_lines_are_rejected_by_the_same_numbers_with_the_same_reasons(both: Both, tmp_path: Path) -> None:
    lines = [bad for _name, bad, _words in BAD_LINES] + [
        b"",
        line("maintain"),
        b"\r",
        line("maintain"),
        line("dispose"),
    ]
    path = tmp_path / "lines"
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines))
    here, there = both.importing(path)
    assert there == here
    assert len(there.rejected) > 20


def test_strange_content_arrives_as_it_was(both: Both, tmp_path: Path) -> None:
    (tmp_path / "strange").write_bytes(strange.RECORDING)
    here, there = both.importing(tmp_path / "strange")
    assert there == here
    local, distant = (LocalAnswers(Library(one)).context(strange.KEY) for one in (both.local, both.distant))
    assert [bytes(entry.message) for entry in distant.entries] == [bytes(entry.message) for entry in local.entries]
    assert distant.prompt == local.prompt


def test_lines_that_name_gateways_and_engines_of_their_own_are_counted_the_same(both: Both, tmp_path: Path) -> None:
    lines = [
        line("bootstrap", {"sessionId": "s", "sessionKey": "k"}, gateway=gateway, engine_key=engine_key)
        for gateway in ("one", "two")
        for engine_key in ("e", "f")
    ]
    (tmp_path / "lines").write_bytes(b"\n".join(lines))
    here, there = both.importing(tmp_path / "lines")
    assert there == here
    assert there.streams == 4


def test_the_trace_of_calls_that_name_their_engine_is_recorded_there(both: Both, tmp_path: Path) -> None:
    lines = LIFECYCLE.read_bytes().splitlines()
    named = [one[:-1] + b',"engine_key":"shared"}' if b"heartbeat" in one else one for one in lines]
    (tmp_path / "lifecycle").write_bytes(b"\n".join(named))
    here, there = both.importing(tmp_path / "lifecycle", TRACE)
    assert there == here
    submitted = [row.type for row in both.distant.stream("g", "shared")].count("PromptSubmitted")
    assert submitted == [row.type for row in both.local.stream("g", "shared")].count("PromptSubmitted") > 0
