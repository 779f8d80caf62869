"""Reading a service's answers: nothing of a text or a message is lost on the way."""

from typing import Any, TypeVar

from msgspec import DecodeError, Raw, Struct, json
from msgspec.structs import fields

from infrastructure.openclaw.lossless import elements, members, shadow, text_of
from infrastructure.remote.errors import NotAService

T = TypeVar("T")


def decoded(answer: bytes, kind: type[T]) -> T:
    """Read an answer of some type. Texts may hold lone surrogates, which no decoder takes.

    Raises:
        NotAService: it is not of that type.
    """
    try:
        try:
            return json.decode(answer, type=kind)
        except DecodeError:
            shadowed = shadow(answer)
            if shadowed is answer:
                raise
            found: T = _restored(json.decode(shadowed, type=kind), answer)
            return found
    except DecodeError as error:
        raise NotAService(f"The service answered with something else ({error}): is it of another version?") from None


def _restored(value: Any, original: bytes) -> Any:
    """Give what was read from a shadow as it stands in the original."""
    match value:
        case str():
            return text_of(original) if "\ufffd" in value else value
        case Raw():
            return Raw(original)
        case Struct():
            parts = members(original)
            return type(value)(
                **{
                    field.name: _restored(getattr(value, field.name), parts[field.encode_name])
                    for field in fields(value)
                    if field.encode_name in parts
                }
            )
        case list() | tuple():
            return type(value)(_restored(*one) for one in zip(value, elements(original), strict=True))
        case dict():
            return {key: _restored(value[key], part) for key, part in members(original).items() if key in value}
        case _:
            return value
