import asyncio
import io
import tracemalloc
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.http.bodies import Lines, document
from infrastructure.http.errors import TooMuchHeld
from infrastructure.http.limits import HeldBytes
from infrastructure.openclaw.lines import Line, read_lines

LIMIT = 8


async def arriving(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def read(chunks: Sequence[bytes], limit: int, held: HeldBytes) -> list[tuple[Line, int]]:
    """Read lines; give each with what is held while somebody looks at it."""

    async def lines() -> list[tuple[Line, int]]:
        return [(line, held.held) async for line in Lines(arriving(chunks), limit, held)]

    return asyncio.run(lines())


PIECES = st.lists(
    st.sampled_from([b"\n", b"\n\n\n", b"\r\n", b"\r", b" ", b"\t", b"a", b"long enough", b"\xef\xbb\xbf"])
)


@given(PIECES, st.integers(1, 5))
def test_lines_that_arrive_are_those_of_a_file_however_they_are_cut(pieces: list[bytes], size: int) -> None:
    body = b"".join(pieces)
    file = list(read_lines(io.BytesIO(body), LIMIT))
    for chunks in (pieces, [body[at : at + size] for at in range(0, len(body), size)], [body]):
        held = HeldBytes(1_000)
        assert [line for line, _held in read(chunks, LIMIT, held)] == file
        assert held.held == 0


def test_a_line_is_held_until_the_next_one_is_asked_for() -> None:
    held = HeldBytes(10)
    assert [count for _line, count in read([b"abc", b"def\n", b"gh", b"i"], 10, held)] == [6, 3]
    with pytest.raises(TooMuchHeld):
        read([b"abc", b"def", b"ghi", b"jkl"], 100, held)
    assert held.held == 0


def test_a_document_is_held_for_as_long_as_somebody_looks_at_it() -> None:
    async def look(held: HeldBytes) -> tuple[bytes, int]:
        async with document(arriving([b"ab", b"c"]), 10, held) as body:
            return body, held.held

    held = HeldBytes(10)
    assert asyncio.run(look(held)) == (b"abc", 3)
    assert held.held == 0


def test_pieces_of_one_byte_take_no_more_memory_than_the_whole() -> None:
    chunks = [b"x"] * 300_000
    tracemalloc.start()
    try:
        ((line, _held),) = read(chunks, 1_000_000, HeldBytes(1_000_000))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(line.content or b"") == len(chunks)
    assert peak < 4 * len(chunks)
