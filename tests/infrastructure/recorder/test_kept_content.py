"""What a ledger keeps of messages is one thing; what is concluded from them does not depend on it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from infrastructure.answers.events import Wanted
from infrastructure.answers.library import Library
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.objects import ContextAnswer, FindingAnswer
from infrastructure.answers.search import Sought
from infrastructure.answers.writing import written
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.kept import ContentPolicy
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from tests.databases import Databases
from tests.infrastructure.backup.support import backed_up, everything, restored

KEY = "agent:main:main:heartbeat"
SECRET = b"ghp_0123456789abcdefghijABCDEFGHIJ456789"
SPOKEN, SPOKEN_WITH_SECRET = b"/srv/archive is 91 % full", b"/srv/archive is " + SECRET + b" full"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The sample and its trace, in which a message, its repetitions and a prompt tell a secret."""
    for path, name in ((LIFECYCLE, "lifecycle.ndjson"), (TRACE, "cache-trace.jsonl")):
        told = path.read_bytes().replace(SPOKEN, SPOKEN_WITH_SECRET)
        told = told.replace(b"Good morning! I am away", b"Good morning! The token is " + SECRET + b". I am away")
        (tmp_path / name).write_bytes(told)
    return tmp_path / "lifecycle.ndjson"


def imported(ledger: Ledger, recording: Path, content: ContentPolicy) -> LocalAnswers:
    trace = str(recording.with_name("cache-trace.jsonl"))
    importer = Importer(ledger, gateway="sample", content=content)
    found = importer.import_recording(str(recording), lambda _bytes: None, trace)
    assert not found.rejected
    return LocalAnswers(Library(ledger))


def counted(ledger: Ledger, condition: str) -> int:
    row = ledger.connection.execute(f"select count(*) from heartline.content where {condition}".encode()).fetchone()
    return row[0] if row else -1  # type: ignore[return-value]  # a count


def findings(answers: LocalAnswers, content: ContentPolicy) -> list[FindingAnswer]:
    """Give the verdicts. Without texts nobody can tell which of the entries that nobody delivered are a prompt."""
    found = answers.findings()
    if content == "none":
        for context in (
            one for each in found for name in ("contexts", "submitted") for one in each.facts.get(name, ())
        ):
            context["unknown"] = None
    return found


def full_context(answers: LocalAnswers) -> ContextAnswer:
    """Give the longest context of the sample's looping key."""
    return max((answers.context(KEY, call=call) for call in range(1, 26)), key=lambda one: len(one.entries))


@pytest.mark.parametrize("content", ["redacted", "none"])
def test_verdicts_are_those_of_a_ledger_that_keeps_everything(
    ledger: Ledger, databases: Databases, recording: Path, content: ContentPolicy
) -> None:
    with Ledger.open(databases.make()) as full:
        expected = imported(full, recording, "full")
        answers = imported(ledger, recording, content)
        assert findings(answers, content) == findings(expected, content)
        assert answers.streams() == expected.streams()
        contexts, others = ([one.context(KEY, call=call) for call in range(1, 26)] for one in (answers, expected))
        assert [one.tokens for one in contexts] == [one.tokens for one in others]


def test_a_secret_is_nowhere_in_a_ledger_that_masks(ledger: Ledger, database: str, recording: Path) -> None:
    answers = imported(ledger, recording, "redacted")
    assert SECRET in recording.read_bytes()
    kept = "".join(row for rows in everything(database).values() for row in rows)
    assert SECRET.decode() not in kept
    assert SECRET.hex() not in kept
    assert counted(ledger, "position('<redacted:github-token>'::bytea in bytes) > 0") > 0
    told = b"".join(written(one) for one in answers.events(Wanted()))
    assert SECRET not in told
    assert b'"redacted"' in told
    masked = {one.text for one in full_context(answers).entries if one.evidence == "redacted"}
    assert masked
    assert all(one is not None and "/srv/archive is <redacted:github-token> full" in one for one in masked)
    (hit, *_others) = answers.search(Sought(query="archive redacted"))
    assert "github-token" in hit.snippet


def test_what_is_kept_proves_and_is_counted_and_what_was_changed_shows(ledger: Ledger, recording: Path) -> None:
    imported(ledger, recording, "redacted")
    found = verify(ledger)
    assert (found.ok, found.erased, found.redacted) == (
        True,
        0,
        counted(ledger, "position('<redacted'::bytea in bytes) > 0"),
    )
    assert found.redacted > 0
    ledger.connection.execute(
        "update heartline.content"
        " set bytes = convert_to(replace(convert_from(bytes, 'utf8'), '<redacted:github-token>', 'x'), 'utf8')"
    )
    changed = verify(ledger)
    assert len(changed.broken) == found.redacted
    assert {one.reason.partition(" was ")[2] for one in changed.broken} == {
        "changed: its digest is not the one that was recorded"
    }


def test_a_ledger_that_keeps_no_texts_proves_and_says_redacted_where_it_would_show_one(
    ledger: Ledger, recording: Path
) -> None:
    answers = imported(ledger, recording, "none")
    assert counted(ledger, "bytes is not null") == 0
    found = verify(ledger)
    assert (found.ok, found.erased, found.redacted) == (True, 0, counted(ledger, "true"))
    context = full_context(answers)
    assert {(one.text, bytes(one.message), one.evidence) for one in context.entries} == {(None, b"null", "redacted")}
    assert all(one.tokens for one in context.entries)
    assert f"texts of {len(context.entries)} entries that are redacted" in context.absent
    assert "prompt" in context.absent
    compacted = answers.summary(KEY)
    assert compacted.summary is not None
    assert (compacted.summary.text, compacted.summary.evidence) == (None, "redacted")
    assert answers.search(Sought(query="archive")) == []
    assert answers.state(KEY).entries > 0
    ledger.connection.execute("update heartline.content set bytes = 'x' where entry = 1 and revision = 1")
    assert {one.reason.partition(" is ")[2] for one in verify(ledger).broken} == {
        "there, and nothing of it was to be kept"
    }


@pytest.mark.parametrize("contents", [("redacted", "full"), ("none", "redacted"), ("full", "none"), ("none", "none")])
def test_what_comes_again_is_the_same_content_whatever_was_kept_of_it(
    ledger: Ledger, database: str, recording: Path, contents: Sequence[ContentPolicy]
) -> None:
    first, second = contents
    imported(ledger, recording, first)
    before = everything(database)
    again = recording.with_name("again.ndjson")  # other calls, with the same messages
    again.write_bytes(recording.read_bytes().replace(b'"ts":"2026-11-23T', b'"ts":"2026-11-25T'))
    told = Importer(ledger, gateway="sample", content=second).import_recording(str(again), lambda _bytes: None)
    assert told.recorded > 0
    assert everything(database)["content"] == before["content"]


@pytest.mark.parametrize("content", ["redacted", "none"])
def test_a_backup_of_it_restores_as_it_was(
    ledger: Ledger, database: str, databases: Databases, recording: Path, tmp_path: Path, content: ContentPolicy
) -> None:
    imported(ledger, recording, content)
    summary = backed_up(ledger, tmp_path / "b")
    assert summary.redacted == verify(ledger).redacted > 0
    nothing = databases.make(partitions=None)
    assert restored(nothing, tmp_path / "b") == summary
    assert everything(nothing) == everything(database)


def test_content_that_was_redacted_can_be_erased(ledger: Ledger, recording: Path) -> None:
    imported(ledger, recording, "none")
    row = ledger.connection.execute("select count(*) from heartline.entries where erased").fetchone()
    assert row == (0,)
    ledger.connection.execute("update heartline.content set salt = null, equality = null where entry = 0")
    assert {one.reason.partition(" is ")[2] for one in verify(ledger).broken} == {
        "gone, and no event says that it was erased"
    }
