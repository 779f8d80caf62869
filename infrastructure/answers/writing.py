"""Answers as JSON."""

import json as standard
from typing import Any

import msgspec
from msgspec.structs import fields


def written(answer: Any) -> bytes:
    """Write an answer as one line of JSON in UTF-8. Raw parts stand as they are; lone surrogates survive as escapes."""
    try:
        return msgspec.json.encode(answer)
    except UnicodeEncodeError:
        return msgspec.json.encode(_escaped(answer))


def _escaped(value: Any) -> Any:
    """Give the same with every text that UTF-8 can't hold as raw JSON."""
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                return msgspec.Raw(standard.dumps(value).encode())
            return value
        case msgspec.Struct():
            return {field.encode_name: _escaped(getattr(value, field.name)) for field in fields(value)}
        case dict():
            return {key: _escaped(item) for key, item in value.items()}
        case list() | tuple():
            return [_escaped(item) for item in value]
        case _:
            return value
