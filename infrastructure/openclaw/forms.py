"""The forms in which the host submits a message that it keeps: between its store and the model it rewrites some."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import product
from typing import Any

from infrastructure.openclaw.javascript import Undefined

MOST_FORMS = 128

_MOST_MILLISECONDS = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OTHER_THAN_LETTERS = re.compile(r"[^a-zA-Z0-9]")
_STAMP = re.compile(r"\[[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d [^\]\n]{1,40}\] ", re.ASCII)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_REPEATS = ("", "2", "3", "4")
"""What stands behind a call's reduced id if a context has that id several times: as replayed entries do."""

Message = dict[str, Any]
_Change = Callable[[Message], Message]


def forms_of(message: Message, zones: tuple[tzinfo, ...] = (UTC,)) -> Iterator[Message]:
    """Give the message itself, then its other forms, MOST_FORMS at most: each change is made or not.

    The host takes its own notes (`__openclaw`) and the details of tool results away, reduces the ids of tool calls to
    letters and digits (and numbers those that a context has several times), zeroes the usage of replies from before a
    compaction, and puts the minute in front of what a user said, in the user's time zone (`zones`); May takes it away
    again. What it merges of several messages is not among these, nor the prompt of the turn itself.
    """
    changes: list[list[_Change]] = [[_same, _without("__openclaw")]]
    match message.get("role"):
        case "assistant":
            changes += [[_same, *map(_with_plain_calls, _REPEATS)], [_same, _with_usage_zeroed]]
        case "toolResult":
            changes += [
                [_same, *map(_with_plain_result, _REPEATS)],
                [_same, _without("details"), _with_undefined_details],
            ]
        case "user":
            stamped = [_stamped(zone, label) for zone in zones for label in (_named, _numbered)]
            changes += [[_same, _unstamped, *stamped], [_same, _as_part, _as_text]]
        case _:
            pass
    told: list[Message] = []
    for chosen in product(*changes):
        form = message
        for change in chosen:
            form = change(form)
        if form not in told:
            told.append(form)
            yield form
        if len(told) == MOST_FORMS:
            return


def _same(message: Message) -> Message:
    return message


def _without(name: str) -> _Change:
    return lambda message: {key: value for key, value in message.items() if key != name}


def _with_undefined_details(message: Message) -> Message:
    return {"details": Undefined, **message}


def _with_plain_result(repeat: str) -> _Change:
    return lambda message: _with_plain(message, "toolCallId", repeat)


def _with_plain_calls(repeat: str) -> _Change:
    def change(message: Message) -> Message:
        content = message.get("content")
        if not isinstance(content, list):
            return message
        calls = [_with_plain(part, "id", repeat) if _is(part, "toolCall") else part for part in content]
        return {**message, "content": calls}

    return change


def _with_plain(holder: Message, name: str, repeat: str) -> Message:
    held = holder.get(name)
    return {**holder, name: _OTHER_THAN_LETTERS.sub("", held) + repeat} if isinstance(held, str) else holder


def _with_usage_zeroed(message: Message) -> Message:
    return {**message, "usage": _zeroed(message["usage"])} if "usage" in message else message


def _zeroed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _zeroed(held) for key, held in value.items()}
    return 0 if isinstance(value, int | float) and not isinstance(value, bool) else value


def _stamped(zone: tzinfo, label: Callable[[datetime], str]) -> _Change:
    def change(message: Message) -> Message:
        at = message.get("timestamp")
        if not isinstance(at, int) or abs(at) > _MOST_MILLISECONDS:
            return message
        try:
            local = (_EPOCH + timedelta(milliseconds=at)).astimezone(zone)
        except (OverflowError, ValueError):
            return message
        stamp = f"[{_DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M} {label(local)}] "
        return _with_text(message, lambda text: stamp + text)

    return change


def _named(at: datetime) -> str:
    return at.tzname() or "UTC"


def _numbered(at: datetime) -> str:
    """Label a time zone as JavaScript does where it has no name for it: `GMT+5:30`."""
    minutes = (at.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"GMT{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def _unstamped(message: Message) -> Message:
    return _with_text(message, lambda text: _STAMP.sub("", text, count=1) if _STAMP.match(text) else text)


def _with_text(message: Message, changed: Callable[[str], str]) -> Message:
    """Change what a user said: a text, or the first part of it."""
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": changed(content)}
    if isinstance(content, list) and content and _is(content[0], "text") and isinstance(content[0].get("text"), str):
        return {**message, "content": [{**content[0], "text": changed(content[0]["text"])}, *content[1:]]}
    return message


def _as_part(message: Message) -> Message:
    content = message.get("content")
    return {**message, "content": [{"type": "text", "text": content}]} if isinstance(content, str) else message


def _as_text(message: Message) -> Message:
    content = message.get("content")
    if (
        isinstance(content, list)
        and len(content) == 1
        and _is(content[0], "text")
        and content[0].keys() == {"type", "text"}
    ):
        return {**message, "content": content[0]["text"]}
    return message


def _is(part: object, kind: str) -> bool:
    return isinstance(part, dict) and part.get("type") == kind
