"""What people write to search, and what Postgres is asked.

Words are all there (`overflow budget`), in any order; `"quoted words"` stand one behind the other, and so do the words
of `notes.md`; `-word` must not be there; `word*` is how a word begins. Texts are cut in the same way (`words.py`).
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from domain.errors import WrongUsage
from projections.search.filters import LONG, filter_lexeme
from projections.search.words import OVERLAP, folded, is_unspaced, runs_of, words_of

MOST_WORDS = OVERLAP + 1
"""Of a query: so many of a phrase are found whole in texts of several parts."""

LEAST_PREFIX = 2
"""How many characters the beginning of a word has, at least: fewer begin too many words."""

_TERM = re.compile(r'(?P<minus>-?)(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')


class UnusableQuery(WrongUsage):
    """The query has no word to look for, or more than can be."""

    code = "unusable-query"


class Term(Struct, frozen=True):
    """Words that stand one behind the other. `runs` are these as they are written, for who looks for them in a text.

    `begins` says that the last is only how a word begins.
    """

    runs: tuple[str, ...]
    begins: bool
    excluded: bool

    @property
    def tsquery(self) -> str:
        """What Postgres looks for."""
        lexemes: list[str] = []
        for place, run in enumerate(self.runs):
            last = place == len(self.runs) - 1
            if not is_unspaced(run):
                lexemes.append(_quoted(run) + (":*" if last and self.begins else ""))
                continue
            *pairs, single = words_of(run)
            lexemes += map(_quoted, pairs)
            if not (last and pairs):  # what follows in the text is not known
                lexemes.append(f"{_quoted(single)}:*")
        return " <-> ".join(lexemes)

    @property
    def size(self) -> int:
        """How many words there are."""
        return sum(len(words_of(run)) for run in self.runs)


class Query(Struct, frozen=True):
    """What is looked for: terms that are all there, and others of which none is."""

    terms: tuple[Term, ...]
    excluded: tuple[Term, ...]


class Asked(Struct, frozen=True):
    """A query as Postgres is asked.

    `rows` finds the rows of texts of one part. Of longer texts it finds the parts with the most telling term; the text
    must have each of the `others` somewhere besides, and nowhere what is `excluded`. `ranked` is what ranks.
    """

    rows: str
    others: tuple[str, ...]
    excluded: str | None
    ranked: str


def read_query(text: str) -> Query:
    """Read a query.

    Raises:
        UnusableQuery: it has no word to look for, more than MOST_WORDS, or a beginning that is too short.
    """
    terms = [term for found in _TERM.finditer(text) if (term := _term(found)).runs]
    wanted = tuple(term for term in terms if not term.excluded)
    if not wanted:
        raise UnusableQuery(
            f'{text!r} names no word to look for: write words (overflow budget), "words in a row", the beginning of a '
            "word (compact*), and -word for what must not be there."
        )
    if sum(term.size for term in terms) > MOST_WORDS:
        raise UnusableQuery(f"The query has more than {MOST_WORDS} words: leave some out.")
    for term in terms:
        if term.begins and not is_unspaced(term.runs[-1]) and len(term.runs[-1]) < LEAST_PREFIX:
            raise UnusableQuery(
                f"{term.runs[-1]}* begins too many words: write {LEAST_PREFIX} letters or more before *."
            )
    return Query(wanted, tuple(term for term in terms if term.excluded))


def asked(query: Query, filters: Iterable[tuple[str, str]]) -> Asked:
    """Write a query, narrowed by filters (name and value), for Postgres."""
    narrowed = "".join(f" & {_quoted(filter_lexeme(name, value))}" for name, value in filters)
    terms = sorted((f"({one.tsquery})" for one in query.terms), key=len, reverse=True)
    anchor, *others = terms
    excluded = [f"({one.tsquery})" for one in query.excluded]
    rows = " & ".join([*terms, *(f"!{one}" for one in excluded)])
    if others or excluded:
        rows = f"(({rows} & !{_quoted(LONG)}) | ({anchor} & {_quoted(LONG)}))"
    return Asked(rows + narrowed, tuple(others), " | ".join(excluded) or None, " | ".join(terms))


def matching(terms: Sequence[Term]) -> re.Pattern[str]:
    """Give what finds these terms in a text as it was written."""
    return re.compile("|".join(_pattern(one) for one in terms), re.IGNORECASE)


def _term(found: re.Match[str]) -> Term:
    quoted, bare = found["quoted"], found["bare"] or ""
    runs = runs_of(folded(bare if quoted is None else quoted))
    begins = quoted is None and bare.endswith("*")
    return Term(tuple(runs), begins, found["minus"] == "-")


def _pattern(term: Term) -> str:
    first, last = term.runs[0], term.runs[-1]
    before = "" if is_unspaced(first) else r"(?<![^\W_])"
    after = "" if is_unspaced(last) else r"[^\W_]*" if term.begins else r"(?![^\W_])"
    return before + r"[\W_]*".join(re.escape(run) for run in term.runs) + after


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
