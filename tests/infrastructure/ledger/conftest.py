import pytest

from domain.entries import Revision
from domain.events import EngineClosed, TextsRecorded
from infrastructure.ledger.ledger import Ledger
from tests.infrastructure.ledger.appends import happened, recording, told
from tests.infrastructure.ledger.tampering import ELSEWHERE, FIRST, KEY, OTHER, SECOND, TEXT, P


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Append, to partition 3: 1 | 2 3 4 | 5 (one, two) 6 | 7 8 | 9 (prompt); and one event to partition 4."""
    text = Revision(0, 1, "", None, "", recording(TEXT).revisions[0].digest, len(TEXT.data or b""), 1)
    ledger.append(P, [told(KEY, b"1", delivery="d")])
    ledger.append(P, [told(OTHER, b"2", b"3", b"4", delivery="d")])
    closed = EngineClosed(occurred_at=2, reason="x")
    ledger.append(P, [happened(KEY, recording(FIRST, SECOND), closed, contents=[FIRST, SECOND])])
    ledger.append(P, [told(KEY, b"7"), told(KEY, b"8")])
    recorded = TextsRecorded(occurred_at=3, session_id="s", revisions=(text,))
    ledger.append(P, [happened(OTHER, recorded, contents=[TEXT])])
    ledger.append(4, [told(ELSEWHERE, b"x")])
    return ledger
