"""A summary where nobody writes a better one: what was asked, which tools were used, and the last reply, quoted."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from domain.transcript import USER

ASSISTANT = "assistant"

NOTHING_QUOTED = "Earlier turns were left out."

LINE_CHARACTERS = 160
"""How much of a line is quoted at most."""

LEAST_CHARACTERS = 24
"""Less than this of a text says nothing; what has no more room is left out."""

_MARK = "…"


class Spoken(Struct, frozen=True):
    """A message that is to be summarised: who spoke, what was said, and the names of the tools that it calls."""

    role: str
    text: str
    tools: tuple[str, ...] = ()


def extractive_summary(previous: str, spoken: Iterable[Spoken], room: int) -> str:
    """Summarise by quoting: what was asked (the newest first to be kept), tools by how often, the last reply.

    Deterministic, and at most `room` characters long. `previous` is the text of the summary that there was, or empty.
    """
    asked: list[str] = []
    tools: dict[str, int] = {}
    reply = ""
    for one in spoken:
        first = _first_line(one.text)
        if one.role == USER and first:
            asked.append(f"- {first}")
        if one.role == ASSISTANT and first:
            reply = " ".join(one.text.split())
        for tool in one.tools:
            tools[tool] = tools.get(tool, 0) + 1
    used = ", ".join(f"{name} ({count})" for name, count in sorted(tools.items()))
    earlier = _part("Earlier: ", previous, room // 3)
    behind = [_part("Tools used: ", used, room // 4), _part("Last reply: ", reply, room // 4)]
    left = room - sum(len(part) + 1 for part in (earlier, *behind) if part)
    parts = [earlier, _asked(asked, left), *behind]
    return "\n".join(part for part in parts if part) or _cut(NOTHING_QUOTED, room)


def _part(head: str, text: str, share: int) -> str:
    """Give a part of a summary in its share of the room, if it says something there."""
    told = _cut(head + text, share)
    return told if text and (len(told) >= LEAST_CHARACTERS or told == head + text) else ""


def _asked(lines: Sequence[str], room: int) -> str:
    """Quote the newest requests that there is room for, in their order."""
    head = "Asked:"
    kept: list[str] = []
    left = room - len(head)
    for line in reversed(lines):
        if len(line) + 1 > left:
            break
        kept.append(line)
        left -= len(line) + 1
    return "\n".join([head, *reversed(kept)]) if kept else ""


def _first_line(text: str) -> str:
    return _cut(next((line.strip() for line in text.splitlines() if line.strip()), ""), LINE_CHARACTERS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(most - len(_MARK), 0)].rstrip() + _MARK[:most]
