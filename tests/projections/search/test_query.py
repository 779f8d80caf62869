"""What people write, as Postgres is asked."""

import pytest

from projections.search.query import MOST_WORDS, UnusableQuery, asked, matching, read_query


def rows(text: str, **filters: str) -> str:
    return asked(read_query(text), filters.items()).rows


def test_one_word_is_looked_for_wherever_it_is() -> None:
    assert rows("Overflow") == "('overflow')"


def test_words_of_an_identifier_and_of_quotes_stand_in_a_row() -> None:
    assert rows("notes.md") == "('notes' <-> 'md')"
    assert rows('"context  window"') == "('context' <-> 'window')"
    assert rows('"not closed') == "('not' <-> 'closed')"


def test_long_texts_are_found_by_the_most_telling_term_and_then_must_have_the_others() -> None:
    found = asked(read_query("the overflow -budget"), ())
    assert found.rows == "((('overflow') & ('the') & !('budget') & !'=long') | (('overflow') & '=long'))"
    assert (found.others, found.excluded) == (("('the')",), "('budget')")


def test_the_beginning_of_a_word_is_enough_with_a_star() -> None:
    assert rows("compact*") == "('compact':*)"
    assert rows("notes.m*ab*") == "('notes' <-> 'm' <-> 'ab':*)"


def test_a_single_character_of_a_script_without_spaces_is_the_beginning_of_a_word() -> None:
    assert rows("漢") == "('漢':*)"
    assert rows("漢字") == "('漢字')"
    assert rows("漢字語") == "('漢字' <-> '字語')"
    assert rows("漢字abc") == "('漢字' <-> '字':* <-> 'abc')"


def test_filters_are_words_that_no_text_has() -> None:
    assert rows("x1", tool="it's \\ =") == "('x1') & '=tool:it''s \\\\ ='"
    assert len(rows("x1", engine_key="k" * 10_000)) < 100


@pytest.mark.parametrize("text", ["", "  ", "-x", '""', "… --", '-"a b"', "\x00", "*", "_"])
def test_a_query_without_a_word_to_look_for_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(UnusableQuery, match="write words"):
        read_query(text)


def test_too_many_words_and_too_short_beginnings_are_refused() -> None:
    assert len(read_query("word " * MOST_WORDS).terms) == MOST_WORDS
    with pytest.raises(UnusableQuery, match="more than"):
        read_query("word " * (MOST_WORDS + 1))
    with pytest.raises(UnusableQuery, match="begins too many"):
        read_query("fine a*")


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("notes.md", "see Notes/MD now", ["Notes/MD"]),
        ("note", "notes note NOTE", ["note", "NOTE"]),
        ("note*", "anote notes", ["notes"]),
        ("字語", "漢字語", ["字語"]),
        ("a1 b2", "b2_a1", ["b2", "a1"]),
    ],
)
def test_matches_are_found_in_the_text_as_it_was_written(query: str, text: str, found: list[str]) -> None:
    assert [one[0] for one in matching(read_query(query).terms).finditer(text)] == found
