"""Messages that a host keeps, known by the fingerprints of what it submitted."""

from collections.abc import Iterator

from infrastructure.openclaw.fingerprints import fingerprint_of
from infrastructure.openclaw.host.records import Place, Problem, Record, TranscriptMessage
from infrastructure.openclaw.intake.kept_messages import KeptMessages

KEPT = b'{"role":"toolResult","toolCallId":"call_1","details":{"never":"seen"},"__openclaw":{"runId":"r"}}'
SUBMITTED = b'{"role":"toolResult","toolCallId":"call1"}'


def test_a_message_is_given_as_it_was_submitted_and_not_as_it_is_kept() -> None:
    read: list[str] = []

    def records() -> Iterator[Record]:
        read.append("once")
        yield Problem("p", "", None, "x")
        yield TranscriptMessage(place=Place("p", "", 1), session_id="s", at=1, raw=KEPT)

    kept = KeptMessages(records)
    assert read == []
    assert kept.get(fingerprint_of(SUBMITTED) or "") == SUBMITTED
    assert kept.get(fingerprint_of(KEPT) or "") == KEPT
    assert kept.get("other") is None
    assert read == ["once"]
