"""Responses: answers as JSON that always is UTF-8, written in the thread that found them."""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar, cast

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from infrastructure.answers.writing import written
from infrastructure.http.problems import MEDIA_TYPE as PROBLEM
from infrastructure.http.problems import Problem

JSON = "application/json"
NDJSON = "application/x-ndjson"

ANYWHERE = {
    "_400": "A parameter is missing or can't be meant.",
    "_401": "No token was given, or none that is known.",
    "_403": "The token does not allow it, or the request comes from a foreign origin.",
    "_421": "The request is for a foreign host.",
    "_429": "Too many requests.",
    "_503": "The database is away, or the service is busy.",
}
"""Problems that any route can answer with."""

T = TypeVar("T")


class Told(Response[T], Generic[T]):
    """An answer as JSON. Texts that UTF-8 can't hold stand as escapes, where the framework's encoder would fail."""

    def __init__(self, answer: T, media_type: str = JSON, headers: dict[str, str] | None = None) -> None:
        super().__init__(
            cast("T", written(answer)), media_type=media_type, headers=headers
        )  # bytes are sent as they are


class Lines(Told[T], Generic[T]):
    """The same objects, one a line."""

    def __init__(self, answers: Iterable[Any], headers: dict[str, str] | None = None) -> None:
        lines = b"".join(written(one) + b"\n" for one in answers)
        Response.__init__(self, cast("T", lines), media_type=NDJSON, headers=headers)


def problems(**reasons: str) -> dict[int, ResponseSpec]:
    """Describe the problems that a route can answer with: `_404="there is no such event"`."""
    told = {**ANYWHERE, **reasons}
    return {
        int(status[1:]): ResponseSpec(
            data_container=Problem, description=reason, media_type=PROBLEM, generate_examples=False
        )
        for status, reason in sorted(told.items())
    }
