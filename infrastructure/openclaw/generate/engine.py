"""The engine of the generated gateway: the messages that it holds, how the host rewrites them, how it compacts them.

It answers with everything that it holds and makes that smaller when it is told to. That is sane as long as it holds
what belongs to one session.
"""

from collections.abc import Sequence

import msgspec

from infrastructure.openclaw.played import Json, reduced

KEPT_CHARACTERS = 3_200
"""What a compaction leaves of the newest turns, at most."""

_encode = msgspec.json.Encoder().encode


class Entry:
    """One message that an engine holds: as it stands now, and whether its stream has met it in this form.

    `entry_id` names it in the host's transcript, where something refers to it there.
    """

    __slots__ = ("characters", "data", "entry_id", "message", "met")

    def __init__(self, message: Json, entry_id: str = "") -> None:
        self.message = message
        self.data = _encode(message)
        self.characters = _characters(message)
        self.entry_id = entry_id
        self.met = False

    def rewrite(self, message: Json) -> None:
        """Let the host write it in another form."""
        if message is not self.message:
            self.message, self.data, self.met = message, _encode(message), False


class Held:
    """What an engine holds, in order."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._characters = 0
        self._encoded: msgspec.Raw | None = None

    @property
    def characters(self) -> int:
        """How many characters all texts have."""
        return self._characters

    @property
    def encoded(self) -> msgspec.Raw:
        """The messages as a list in JSON."""
        if self._encoded is None:
            self._encoded = msgspec.Raw(b"[%s]" % b",".join([entry.data for entry in self.entries]))
        return self._encoded

    def meet(self) -> int:
        """Let the stream meet everything; give how many events that makes."""
        novel = [entry for entry in self.entries if not entry.met]
        for entry in novel:
            entry.met = True
        return 1 if novel else 0

    def add(self, entries: Sequence[Entry]) -> None:
        """Hold more."""
        self._hold([*self.entries, *entries])

    def clear(self) -> None:
        """Hold nothing."""
        self._hold([])

    def compact(self, summary: Json) -> str | None:
        """Keep a summary and the newest whole turns; give the id of the first entry that is kept.

        None, and nothing changes, where everything would be kept.
        """
        kept, first = 0, len(self.entries)
        for place in range(len(self.entries) - 1, -1, -1):
            kept += self.entries[place].characters
            if kept > KEPT_CHARACTERS:
                break
            if self.entries[place].message["role"] == "user":
                first = place
        else:
            return None
        newest = self.entries[first:]
        for entry in newest:
            entry.rewrite(_without_usage(entry.message))
        self._hold([Entry(summary), *newest])
        return newest[0].entry_id if newest else ""

    def _hold(self, entries: list[Entry]) -> None:
        self.entries = entries
        self._characters = sum(entry.characters for entry in entries)
        self._encoded = None


def as_history(message: Json) -> Json:
    """Write a message as the host hands it over once its turn is past: ids of calls are reduced, details dropped."""
    kept = {key: value for key, value in message.items() if key != "details"} if "details" in message else message
    return reduced(kept)


def compaction_summary(summary: str, tokens_before: int, at: int) -> Json:
    """Write the message that stands for what was compacted."""
    return {"role": "compactionSummary", "summary": summary, "tokensBefore": tokens_before, "timestamp": at}


def _without_usage(message: Json) -> Json:
    """Write a reply as the host does after a compaction: what it cost says nothing about the context any more."""
    if message["role"] != "assistant" or not message["usage"]["totalTokens"]:
        return message
    return {**message, "usage": dict.fromkeys(message["usage"], 0)}


def _characters(message: Json) -> int:
    match message:
        case {"summary": str(text)} | {"content": str(text)}:
            return len(text)
        case {"content": [{"type": "toolCall", "arguments": arguments}]}:
            return len(_encode(arguments).decode())
        case _:
            return sum(len(part["text"]) for part in message["content"])
