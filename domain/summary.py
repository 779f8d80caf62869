"""A summary where nobody writes a better one: what was asked, which tools were used, and the last reply, quoted."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from domain.transcript import USER

ASSISTANT = "assistant"

LINE_CHARACTERS = 160
"""How much of a line is quoted at most."""

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
    parts: list[str] = []
    if previous:
        parts.append(_cut(f"Earlier: {previous}", room // 3))
    if tools:
        used = ", ".join(f"{name} ({count})" for name, count in sorted(tools.items()))
        parts.append(_cut(f"Tools used: {used}", room // 4))
    if reply:
        parts.append(_cut(f"Last reply: {reply}", room // 4))
    left = room - sum(len(part) + 1 for part in parts)
    if asked:
        parts.insert(1 if previous else 0, _asked(asked, left))
    text = "\n".join(part for part in parts if part)
    return _cut(text or "Earlier turns were left out.", room)


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
