"""Texts and queries are cut alike, so that what is there is found."""

from hypothesis import given
from hypothesis import strategies as st

from projections.search import words as cutting
from projections.search.words import MOST_CHARACTERS, MOST_PLACES, MOST_WORDS, OVERLAP, folded, parts_of, words_of


def cut(text: str) -> list[str]:
    return words_of(folded(text))


def test_identifiers_are_their_parts_in_a_row() -> None:
    assert cut("agent:main:main /srv/x/notes.md call_2 snake_case") == [
        *("agent", "main", "main"),
        *("srv", "x", "notes", "md"),
        *("call", "2", "snake", "case"),
    ]


def test_case_and_composition_make_no_difference() -> None:
    assert cut("STRASSE Ünï") == cut("straße U\u0308ni\u0308")


def test_each_character_of_a_script_without_spaces_begins_a_word() -> None:
    assert cut("漢字語") == ["漢字", "字語", "語"]
    assert cut("abc漢字x") == ["abc", "漢字", "字", "x"]


def test_a_word_that_is_longer_than_a_lexeme_may_be_is_several() -> None:
    assert cut("x" * 450) == ["x" * MOST_CHARACTERS] * 2 + ["x" * 50]


def test_a_text_without_words_is_one_part_without_words() -> None:
    assert [part.words for part in parts_of("… \x00 \ud800 --")] == [{}]


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert cut(folded(text)) == cut(text)


@given(st.text(alphabet="aAb ß漢字_-İ1", max_size=400), st.integers(3, 20), st.integers(2, 5), st.integers(0, 4))
def test_parts_hold_every_word_at_its_place_and_the_first_of_the_next(
    text: str, most_words: int, most_places: int, overlap: int
) -> None:
    before = cutting.MOST_WORDS, cutting.MOST_PLACES, cutting.OVERLAP
    cutting.MOST_WORDS, cutting.MOST_PLACES, cutting.OVERLAP = most_words, most_places, overlap
    try:
        parts = parts_of(text)
    finally:
        cutting.MOST_WORDS, cutting.MOST_PLACES, cutting.OVERLAP = before
    words, at = cut(text), 0
    for number, part in enumerate(parts):
        held = {place: word for word, places in part.words.items() for place in places}
        assert sorted(held) == list(range(1, len(held) + 1))
        assert [held[place] for place in range(1, len(held) + 1)] == words[at : at + len(held)]
        own = len(held)
        if number < len(parts) - 1:
            own = next(n for n in range(1, len(held) + 1) if _is_full(words[at : at + n], most_words, most_places))
            assert len(held) == own + min(overlap, len(words) - at - own)
        assert words_of(folded(text)[part.begins :])[: 1 if words[at:] else 0] == words[at:][:1]
        at += own
    assert at == len(words)


def _is_full(words: list[str], most_words: int, most_places: int) -> bool:
    return len(words) == most_words or max(map(words.count, words)) == most_places


def test_what_postgres_holds_of_a_part_is_enough() -> None:
    assert MOST_WORDS + OVERLAP <= 16_383
    assert MOST_PLACES + OVERLAP <= 255
    assert MOST_CHARACTERS * 4 < 2_046
