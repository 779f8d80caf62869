"""What has the words is found, and nothing else."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.errors import WrongUsage
from infrastructure.answers import search as answering
from infrastructure.answers.errors import BadCursor, UnknownStream
from infrastructure.answers.library import Library
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.search import Sought
from infrastructure.ledger.ledger import Ledger
from projections.catalogue import PROJECTIONS
from projections.machinery.projector import Projector
from projections.search import words as cutting
from projections.search.words import OVERLAP, folded, words_of
from tests.projections.search.corpus import KEY, erase, found, record, search, users
from tests.projections.test_folding import ends, forget, recorded

WORDS = ("red", "green", "blue", "redder", "x1", "漢字", "字", "größe")


def in_a_row(needle: list[str], words: list[str]) -> bool:
    return any(words[at : at + len(needle)] == needle for at in range(len(words)))


@pytest.mark.parametrize("walked", [0, 20_000])
def test_exactly_the_texts_that_have_the_words_are_found(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, walked: int
) -> None:
    """However the texts are split, and however the rows are found."""
    monkeypatch.setattr(cutting, "MOST_WORDS", 7)
    monkeypatch.setattr(cutting, "MOST_PLACES", 3)
    monkeypatch.setattr(answering, "LEAST_WALKED", walked or 1)
    monkeypatch.setattr(answering, "MOST_WALKED", walked or 1)
    monkeypatch.setattr(answering, "MOST_HITS", 1_000)
    word = st.sampled_from([one for one in WORDS if one != "字"])
    drawn: list[str] = []

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(st.lists(word, max_size=30))
    def draw(words: list[str]) -> None:
        drawn.append(" ".join(words))

    draw()
    record(ledger, users(*drawn))
    library = Library(ledger)
    library.refresh()
    words_in = [words_of(folded(text)) for text in drawn]

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(st.sampled_from(WORDS[:5]), min_size=1, max_size=3), st.lists(st.sampled_from(WORDS[:5]), max_size=2)
    )
    def check(wanted: list[str], excluded: list[str]) -> None:
        def answered(query: str) -> set[int]:
            return {hit.entry for hit in LocalAnswers(library).search(Sought(query=query, limit=1_000))}

        query = " ".join([*wanted, *(f"-{one}" for one in excluded)])
        assert answered(query) == {
            number
            for number, words in enumerate(words_in, 1)
            if set(wanted) <= set(words) and not set(excluded) & set(words)
        }
        row = '"' + " ".join(wanted) + '"'
        without = [f'-"{one} {one}"' for one in excluded]
        assert answered(" ".join([row, *without])) == {
            number
            for number, words in enumerate(words_in, 1)
            if in_a_row(wanted, words) and not any(in_a_row([one, one], words) for one in excluded)
        }
        assert answered(wanted[0][:2] + "*") == {
            number for number, words in enumerate(words_in, 1) if any(one.startswith(wanted[0][:2]) for one in words)
        }

    check()


def test_a_word_at_the_end_of_a_huge_tool_result_is_found_and_so_are_words_far_apart(ledger: Ledger) -> None:
    filler = " ".join(f"line {n} of the log" for n in range(240_000))
    text = f"beginning {filler} needle"
    result = {"role": "toolResult", "toolName": "exec", "content": [{"type": "text", "text": text}]}
    record(ledger, [result, *users("needle")])
    assert len(text) > 5_000_000
    assert found(ledger, "needle") == [2, 1]
    (hit,) = search(ledger, "log needle")
    assert hit.snippet.endswith("239999 of the log needle")
    assert [hit.snippet[start:end] for start, end in hit.matches][-2:] == ["log", "needle"]
    assert found(ledger, "beginning needle") == [1]
    assert (hit.type, hit.tools) == ("tool-result", ["exec"])
    assert found(ledger, "needle -beginning") == [2]
    assert found(ledger, "line log") == [1]
    assert found(ledger, '"log line 200000"') == [1]


def test_a_phrase_is_found_across_the_parts_of_a_text(ledger: Ledger) -> None:
    row = " ".join(f"w{n}" for n in range(OVERLAP + 1))
    record(ledger, users("same " * 180 + row + " same" * 400))
    assert found(ledger, f'"{row}"') == [1]
    assert found(ledger, f'"w1 {row}"'.replace("w63", "")) == []


def test_one_that_is_found_in_several_parts_is_one_hit(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    record(ledger, users("same " * 2_000, "other", "same"))
    assert found(ledger, "same") == [3, 1]
    assert found(ledger, "same", limit=1) == [3]
    monkeypatch.setattr(answering, "LEAST_WALKED", 4)
    monkeypatch.setattr(answering, "MOST_WALKED", 4)
    assert found(ledger, "same") == [3, 1]
    assert found(ledger, "same", ranked=True) in ([3, 1], [1, 3])


def test_what_was_erased_is_not_found_and_none_of_its_words_is_left(ledger: Ledger, database: str) -> None:
    record(ledger, users("secret " * 1_000, "no secret"))
    assert found(ledger, "secret") == [2, 1]
    erase(ledger, 1)
    assert found(ledger, "secret") == [2]
    with psycopg.connect(database, autocommit=True) as owner:
        query = "select * from heartline_projections.search order by entry, part"
        live = owner.execute(query).fetchall()
        left = owner.execute("select count(*) from heartline_projections.search where words::text like '%%secret%%'")
        assert left.fetchall() == [(1,)]
        forget(owner)
        Projector(ledger.connection, PROJECTIONS).catch_up(ends(ledger))
        assert owner.execute(query).fetchall() == live


@pytest.fixture
def mixed(ledger: Ledger) -> Ledger:
    """Give a ledger with a message of each kind in one stream, and one in another."""
    call = {"type": "toolCall", "id": "c", "name": "read", "arguments": {"path": "/srv/x/notes.md"}}
    record(
        ledger,
        [
            {"role": "user", "content": "notes, please"},
            {"role": "assistant", "content": [{"type": "text", "text": "Notes!"}, call]},
            {"role": "toolResult", "toolName": "read", "content": [{"type": "text", "text": "the notes"}]},
        ],
    )
    record(ledger, users("notes elsewhere"), key="agent:b:main:heartbeat-run:77", at=500_000)
    return ledger


@pytest.mark.parametrize(
    ("narrowed", "entries"),
    [
        ({}, [3, 2, 1, 1]),
        ({"type": "message"}, [1, 1]),
        ({"type": "tool-call"}, [2]),
        ({"type": "tool-result"}, [3]),
        ({"type": "text"}, []),
        ({"role": "user"}, [1, 1]),
        ({"tool": "read"}, [3, 2]),
        ({"tool": "exec"}, []),
        ({"gateway": "attic"}, [3, 2, 1, 1]),
        ({"engine_key": KEY}, [3, 2, 1]),
        ({"routing_key": "agent:b:main:heartbeat"}, [1]),
        ({"agent": "b"}, [1]),
        ({"agent": "b", "role": "assistant"}, []),
        ({"since": 3_000_000}, [3, 2]),
        ({"until": 3_000_000}, [1, 1]),
        ({"since": 2_000_000, "until": 3_000_000, "agent": "a"}, [1]),
    ],
)
@pytest.mark.parametrize("walked", [1, 20_000])
def test_a_search_can_be_narrowed(
    mixed: Ledger, monkeypatch: pytest.MonkeyPatch, narrowed: dict[str, Any], entries: list[int], walked: int
) -> None:
    monkeypatch.setattr(answering, "LEAST_WALKED", walked)
    monkeypatch.setattr(answering, "MOST_WALKED", walked)
    assert found(mixed, "notes", **narrowed) == entries
    assert sorted(found(mixed, "notes", ranked=True, **narrowed)) == sorted(entries)


def test_names_of_filters_are_not_found_as_words(mixed: Ledger) -> None:
    for word in ("user", "role", "attic", "gateway", "agent*", "long"):
        assert found(mixed, word) == []


@pytest.mark.parametrize("walked", [1, 3, 20_000])
def test_cursors_lead_through_everything_once(mixed: Ledger, monkeypatch: pytest.MonkeyPatch, walked: int) -> None:
    monkeypatch.setattr(answering, "LEAST_WALKED", walked)
    monkeypatch.setattr(answering, "MOST_WALKED", walked)
    answers, sought = LocalAnswers(Library(mixed)), Sought(query="notes", limit=1)
    everything = answers.search(replace(sought, limit=9))
    followed = [answers.search_page(sought)]
    while followed[-1].more:
        followed.append(answers.search_page(replace(sought, after=followed[-1].hits[-1].cursor)))
    assert [hit for page in followed for hit in page.hits] == everything
    assert len(followed) == 4


def test_a_cursor_of_nothing_on_record_is_refused(mixed: Ledger, databases: Any) -> None:
    (first, *_others) = search(mixed, "notes")
    with pytest.raises(BadCursor, match="no cursor"):
        search(mixed, "notes", after="nonsense")
    with Ledger.open(databases.make()) as other, pytest.raises(BadCursor, match="another history"):
        search(other, "notes", after=first.cursor)
    with pytest.raises(WrongUsage, match="--rank or --after"):
        search(mixed, "notes", after=first.cursor, ranked=True)


def test_what_fits_best_comes_first_if_that_is_asked_for(ledger: Ledger) -> None:
    record(ledger, users("cat", "cat cat cat", "a cat among a great many other words of no interest at all"))
    assert found(ledger, "cat") == [3, 2, 1]
    assert found(ledger, "cat", ranked=True) == [2, 1, 3]
    assert found(ledger, "cat", ranked=True, limit=2) == [2, 1]
    assert [hit.cursor for hit in search(ledger, "cat", ranked=True, limit=1)] == [None]


def test_a_snippet_is_cut_around_the_first_match(ledger: Ledger) -> None:
    record(ledger, users("a " * 100 + "Needle in\na stack" + " b" * 100))
    (hit,) = search(ledger, "stack needle")
    assert hit.snippet.startswith("…")
    assert hit.snippet.endswith("…")
    assert "Needle in\na stack" in hit.snippet
    assert [hit.snippet[start:end] for start, end in hit.matches] == ["Needle", "stack"]
    assert len(hit.snippet) < 300


def test_a_gateway_of_which_nothing_is_on_record_is_told_of(mixed: Ledger) -> None:
    with pytest.raises(UnknownStream, match="No gateway nowhere"):
        search(mixed, "notes", gateway="nowhere")


def test_a_hit_names_the_context_that_its_stream_assembled_next_also_if_nothing_was_asked_before(
    ledger: Ledger, tmp_path: Path
) -> None:
    recorded(ledger, tmp_path)
    hits = search(ledger, "keep", limit=100)
    assert {hit.context_reference for hit in hits if hit.context_reference}
    assert all(hit.context_reference.startswith(f"{hit.engine_key}#") for hit in hits if hit.context_reference)
