"""Contexts and compactions are told of with the turn that they are of, as the list of turns and its view have it."""

import pytest

from infrastructure.answers.compactions import COMPACTIONS
from infrastructure.answers.library import Library
from infrastructure.answers.listing import Selection
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.token_usage import TOKEN_USAGE
from infrastructure.answers.turns import TURNS
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from tests.shared import RECORDINGS, needs_recordings

pytestmark = needs_recordings

NAMES = sorted(folder.name for folder in RECORDINGS.iterdir()) if RECORDINGS.is_dir() else []

JOINED = """
    select count(*), count(t.turn_id), count(*) filter (where o.turn_id = t.turn_id and o.engine_key = t.engine_key)
    from {} o left join heartline.turns t on t.event_id = o.turn_event_id where o.turn_event_id is not null
"""


@pytest.mark.parametrize("name", NAMES)
def test_the_turn_of_a_context_or_a_compaction_is_one_of_the_list_of_turns(ledger: Ledger, name: str) -> None:
    Importer(ledger, gateway="g").import_recording(str(RECORDINGS / name / "lifecycle.ndjson"), lambda _bytes: None)
    answers = LocalAnswers(Library(ledger))
    turns = {(one.engine_key, one.turn_id): one for one in answers.listed(TURNS, Selection(), limit=100_000).items}
    calls: set[tuple[str, int]] = set()
    for context in answers.listed(TOKEN_USAGE, Selection(), limit=100_000).items:
        assert context.turn_id is not None
        assert context.call is not None
        turn = turns[context.engine_key, context.turn_id]
        assert turn.first_call is not None
        assert turn.last_call is not None
        assert turn.first_call <= context.call <= turn.last_call
        calls.add((context.engine_key, context.call))
    assert calls
    for compaction in answers.listed(COMPACTIONS, Selection(), limit=100_000).items:
        assert compaction.turn_id is None or (compaction.engine_key, compaction.turn_id) in turns
    for view in ("heartline.contexts", "heartline.compactions"):
        [(all_of_them, found, alike)] = ledger.connection.execute(JOINED.format(view)).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]  # the names above
        assert all_of_them == found == alike
