"""Server-sent events as bytes (HTML, 9.2): what a reader of the live tail receives."""

from typing import Final

RETRY_MS: Final = 1_000
"""After how long a reader that lost the connection comes again."""

STILL_HERE: Final = b":\n\n"
"""A comment: nothing happened, and the connection holds."""

CURSOR: Final = "cursor"
"""The type of messages that only say how far the reader has come. They have no data, so browsers fire no event for
them, and resume from their id nevertheless.
"""


def opening(cursor: str) -> bytes:
    """Say that the stream is open, and from where it goes on."""
    return b"retry: %d\n%b" % (RETRY_MS, position(cursor))


def position(cursor: str) -> bytes:
    """Say how far the reader has come, where what it passed was not for it."""
    return b"event: %b\nid: %b\n\n" % (CURSOR.encode(), cursor.encode())


def message(kind: str, cursor: str, answer: bytes) -> bytes:
    """Write an event: its type, the cursor that goes on behind it, and its answer, which is one line of JSON."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor.encode(), kind.encode(), answer)


def elsewhere(written: bytes, cursor: str, own: str) -> bytes:
    """Give a message with another cursor: it stands in the id, and in the answer before anything that hosts write."""
    return written.replace(cursor.encode(), own.encode(), 2)
