"""Reading lines in bounded memory."""

import io
import tracemalloc

from infrastructure.openclaw.lines import MAX_LINE_BYTES, Line, read_lines


class Generated(io.RawIOBase):
    """A stream whose bytes are made when they are read: `count` times `piece`, then `tail`."""

    def __init__(self, piece: bytes, count: int, tail: bytes) -> None:
        self._piece, self._left, self._tail = piece, count, tail
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            if self._left:
                self._left -= 1
                self._rest = self._piece
            else:
                self._rest, self._tail = self._tail, b""
        taken = self._rest[: len(into)]
        self._rest = self._rest[len(taken) :]
        into[: len(taken)] = taken
        return len(taken)


def lines_of(content: bytes, limit: int = MAX_LINE_BYTES) -> list[Line]:
    return list(read_lines(io.BytesIO(content), limit))


def test_the_last_line_may_lack_its_end() -> None:
    assert lines_of(b"a\nb") == [Line(1, b"a"), Line(2, b"b")]
    assert lines_of(b"") == []


def test_blank_lines_are_skipped_but_keep_their_number() -> None:
    assert lines_of(b"\n a \n \t\r\n\nb\n\n") == [Line(2, b" a "), Line(5, b"b")]


def test_a_carriage_return_before_the_line_end_belongs_to_the_line_end() -> None:
    assert lines_of(b"a\r\nb\r") == [Line(1, b"a"), Line(2, b"b")]


def test_a_byte_order_mark_is_tolerated_at_the_start_only() -> None:
    assert lines_of(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n") == [Line(1, b"a"), Line(2, b"\xef\xbb\xbfb")]
    assert lines_of(b"\xef\xbb\xbf") == []


def test_a_line_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    too_long = "longer than 4 bytes"
    for start in (b"", b"\xef\xbb\xbf"):
        for end in (b"\n", b"\r\n", b""):
            assert lines_of(start + b"1234" + end, 4) == [Line(1, b"1234")]
            assert lines_of(start + b"12345" + end, 4) == [Line(1, None, too_long)]
    assert lines_of(b"1\n" + b"2" * 50 + b"\n33333\r\n4444\r\n555555", 4) == [
        Line(1, b"1"),
        Line(2, None, too_long),
        Line(3, None, too_long),
        Line(4, b"4444"),
        Line(5, None, too_long),
    ]


def test_a_line_of_many_times_the_limit_is_skipped_without_holding_it() -> None:
    limit = 1024 * 1024
    stream = io.BufferedReader(Generated(b"x" * 65536, 40 * 16, b"\n{}\n"))
    tracemalloc.start()
    try:
        lines = list(read_lines(stream, limit))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == [Line(1, None, "longer than 1048576 bytes"), Line(2, b"{}")]
    assert peak < 4 * limit


def test_a_line_of_more_than_64_mib_is_reported_and_the_next_one_read() -> None:
    stream = io.BufferedReader(Generated(b"x" * 1024 * 1024, 65, b"\n{}"))
    assert list(read_lines(stream)) == [Line(1, None, f"longer than {MAX_LINE_BYTES} bytes"), Line(2, b"{}")]
