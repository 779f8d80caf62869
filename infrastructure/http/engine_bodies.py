"""Describing the bodies of engine commands, which are read byte for byte and not by the framework."""

from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from msgspec import Struct, json
from msgspec.structs import fields

from infrastructure.openclaw.shapes import Text, Value, Values

_TEXT: dict[str, Any] = {"type": "string"}
_OBJECTS: dict[str, Any] = {"type": "array", "items": {"type": "object"}}


def described_as(kind: type[Struct]) -> type[Operation]:
    """Give the operation whose body is a document of this kind."""

    @dataclass
    class Described(Operation):
        """Has a body of its own."""

        def __post_init__(self) -> None:
            self.request_body = RequestBody(
                required=True, content={"application/json": OpenAPIMediaType(schema=_schema(kind))}
            )

    return Described


def _schema(kind: type[Struct]) -> Schema:
    hints = get_type_hints(kind, include_extras=True)
    known: dict[str, Reference | Schema] = {field.name: _of_field(hints[field.name]) for field in fields(kind)}
    return Schema(
        type=OpenAPIType.OBJECT,
        title=kind.__name__,
        description=kind.__doc__,
        properties=known,
        required=[field.name for field in fields(kind) if field.required],
    )


def _of_field(hint: Any) -> Schema:
    """Describe a field's JSON: content is a text, or messages, whatever holds it here."""
    held = (hint, *get_args(hint))
    if Text in held:
        return _as_schema(_TEXT)
    if Values in held or Value in held:
        return _as_schema(_OBJECTS)
    return _as_schema(json.schema(hint))


def _as_schema(told: dict[str, Any]) -> Schema:
    if "anyOf" in told:
        return Schema(any_of=[_as_schema(one) for one in told["anyOf"]])
    return Schema(
        type=OpenAPIType(told["type"]) if "type" in told else None,
        enum=told.get("enum"),
        min_length=told.get("minLength"),
        minimum=told.get("minimum"),
        maximum=told.get("maximum"),
        items=_as_schema(told["items"]) if "items" in told else None,
    )
