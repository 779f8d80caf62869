"""What a search can be narrowed by, as lexemes beside the words: one index then finds what has both."""

from hashlib import sha256

MOST_CHARACTERS = 200
"""Of a value that stands in a lexeme as it is; of a longer one its digest does."""

LONG = "=long"
"""Marks the rows of texts that are in several parts."""


def filter_lexeme(name: str, value: str) -> str:
    """Give the lexeme of a filter and a value. No word begins like it."""
    if len(value) > MOST_CHARACTERS:
        value = sha256(value.encode()).hexdigest()
    return f"={name}:{value}"
