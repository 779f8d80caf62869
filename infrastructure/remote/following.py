"""Following the ledger of a service: its server-sent events, through interruptions."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from domain.errors import HeartlineError, WrongUsage
from infrastructure.access.errors import NotAllowed, UnknownToken
from infrastructure.answers.objects import EventAnswer
from infrastructure.remote.decoding import decoded
from infrastructure.remote.service import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Parameters, RemoteService

FINAL: Final = (WrongUsage, UnknownToken, NotAllowed)
"""What does not become right by asking again."""


class Message(Struct, frozen=True):
    """A server-sent event (HTML, 9.2). One without data only says from where to go on."""

    id: str
    data: bytes


def messages_in(pieces: Iterable[bytes]) -> Iterator[Message]:
    """Read server-sent events. What is not whole when the pieces end is left out."""
    rest: list[bytes] = []
    last_id, begun = "", False
    data: list[bytes] = []
    for piece in pieces:
        *lines, after = piece.split(b"\n")
        if not lines:
            rest.append(after)
            continue
        lines[0] = b"".join(rest) + lines[0]
        rest = [after]
        for line in lines:
            name, _, value = line.removesuffix(b"\r").partition(b":")
            if name == b"id":
                last_id, begun = value.removeprefix(b" ").decode(), True
            elif name == b"data":
                data.append(value.removeprefix(b" "))
            elif line in (b"", b"\r") and begun:
                yield Message(last_id, b"\n".join(data))
                data, begun = [], False


def followed(service: RemoteService, parameters: Parameters) -> Iterator[EventAnswer]:
    """Give the events that a service tells of, without an end.

    Once it has answered, it is asked again however often it breaks off, to go on where it was.

    Raises:
        HeartlineError: it can't be asked at all, or says that what is asked can't be meant or is not allowed.
    """
    last_id: str | None = None
    pause = FIRST_PAUSE_SECONDS
    while True:
        headers = {} if last_id is None else {"last-event-id": last_id}
        try:
            with service.streaming("/v1/live", parameters, headers) as pieces:
                for message in messages_in(pieces):
                    if message.data:
                        yield decoded(message.data, EventAnswer)
                    last_id, pause = message.id, FIRST_PAUSE_SECONDS
        except FINAL:
            raise
        except HeartlineError:
            if last_id is None:
                raise
        service.pause(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
