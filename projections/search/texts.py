"""What is searched of a message: its texts, and the names and arguments of the tools that it calls.

It is read from content that hosts wrote, so whatever is there has a text: of what is no message, all that can be had.
What the host adds for its own use (`details`, signatures) is not searched, nor are images and thoughts.
"""

import json
from typing import Any

import msgspec
from msgspec import Struct


class Content(Struct, frozen=True):
    """What a content says: its text, and the tools that it calls or whose result it is."""

    text: str
    tools: tuple[str, ...] = ()


_DECODER = msgspec.json.Decoder()


def content_of(data: bytes) -> Content:
    """Read a message, or a text that is none (a JSON string), from its exact bytes. It never fails."""
    try:
        found = _DECODER.decode(data)
    except (ValueError, RecursionError):  # lone surrogates and numbers beyond all bounds too
        found = _unusual(data)
    if isinstance(found, str):
        return Content(found)
    if not isinstance(found, dict):
        return Content(_said(found))
    tools: list[str] = []
    pieces = _pieces(found.get("content"), tools)
    for name in ("summary", "errorMessage"):
        if isinstance(more := found.get(name), str):
            pieces.append(more)
    if isinstance(tool := found.get("toolName"), str) and tool:
        tools.append(tool)
    return Content("\n".join(pieces), tuple(tools))


def _unusual(data: bytes) -> Any:
    text = data.decode("utf-8", "replace")
    try:
        return json.loads(text, strict=False, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return text


def _pieces(content: Any, tools: list[str]) -> list[str]:
    """Give the texts of a message's content; note the tools that it calls."""
    if isinstance(content, str):
        return [content]
    pieces: list[str] = []
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict):
            continue
        kind = part.get("type")
        if kind == "toolCall":
            name = part.get("name")
            if isinstance(name, str) and name:
                tools.append(name)
                pieces.append(name)
            pieces.append(_said(part.get("arguments")))
        elif kind in ("text", None) and isinstance(text := part.get("text"), str):
            pieces.append(text)
    return pieces


def _said(value: Any) -> str:
    """Give the names, texts and numbers in a value, in their order; without recursion, however deep they are."""
    said: list[str] = []
    left = [value]
    while left:
        match left.pop():
            case str(text):
                said.append(text)
            case bool() | None:
                pass
            case int() | float() as number:
                said.append(str(number))
            case list(items):
                left += reversed(items)
            case dict(members):
                left += reversed([one for pair in members.items() for one in pair])
            case _:
                pass
    return " ".join(said)
