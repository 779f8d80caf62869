"""Errors as problem details (RFC 9457): what went wrong, in the words and with the code of the error itself."""

from collections.abc import Sequence
from http import HTTPStatus
from logging import getLogger
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.routes import HTTPRoute
from msgspec import Struct

from domain.decider import IllegalTransition
from domain.errors import HeartlineError, WrongUsage
from infrastructure.ledger.errors import DatabaseUnavailable

MEDIA_TYPE: Final = "application/problem+json"

STATUSES: Final = {
    "unknown-stream": 404,
    "unknown-context": 404,
    "unknown-compaction": 404,
    "unknown-event": 404,
    "token-not-found": 404,
    "illegal-transition": 409,
    "delivery-conflict": 409,
    "advancement-conflict": 409,
    "budget-exceeded": 422,
    "bad-first-kept": 422,
    "append-refused": 422,
    "checkpoint-unusable": 422,
    "bad-line": 422,
    "unknown-token": 401,
    "not-allowed": 403,
    "foreign-origin": 403,
    "foreign-host": 421,
    "too-large": 413,
    "too-deep": 422,
    "too-slow": 408,
    "too-many-requests": 429,
    "queue-full": 503,
    "too-busy": 503,
    "too-many-readers": 503,
    "shutting-down": 503,
    "database-unavailable": 503,
    "database-refused": 503,
    "stream-moved": 503,
    "not-a-ledger": 503,
    "unanswered": 503,
    "postgres-start-failed": 503,
    "postgres-busy": 503,
    "postgres-folder-unusable": 503,
}
"""HTTP statuses by the code of an error. Others are 400 where the request can't be meant, else 500."""

AWAY: Final = (
    "The database is away, or busy with other questions: try again in a second, under the same delivery ids. Nothing "
    "acknowledged is lost."
)

RETRY_AFTER_SECONDS: Final = {429: 1, 503: 1}


MOST_DETAIL = 2_000
"""Characters of a detail: what is wrong with something of any length can be said without repeating all of it."""


def cut(detail: str) -> str:
    """Say what is wrong in bounded length."""
    return detail if len(detail) <= MOST_DETAIL else f"{detail[: MOST_DETAIL // 2]} … {detail[-MOST_DETAIL // 2 :]}"


class Problem(Struct, frozen=True):
    """What is answered when something went wrong: `code` is stable, `detail` says what happened and what to do; `rule`
    is the one of the machine that forbids it.
    """

    title: str
    status: int
    detail: str
    code: str
    type: str = "about:blank"
    errors: Sequence[Any] = ()
    rule: str | None = None


def status_of(error: HeartlineError) -> int:
    """Give the HTTP status that an error is answered with."""
    return STATUSES.get(error.code) or (400 if isinstance(error, WrongUsage) else 500)


def problem_of(error: HeartlineError) -> Problem:
    """Tell of what Heartline itself found wrong. Where the database is, is nothing to clients: the log says it."""
    status = status_of(error)
    detail = AWAY if isinstance(error, DatabaseUnavailable) else cut(str(error))
    rule = error.rule if isinstance(error, IllegalTransition) else None
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, code=error.code, rule=rule)


def problem(status: int, title: str, detail: str, code: str, errors: Sequence[Any] = ()) -> Response[Problem]:
    """Make the answer that tells of a problem."""
    return _answer(Problem(title=title, status=status, detail=cut(detail), code=code, errors=errors))


def _answer(told: Problem) -> Response[Problem]:
    headers = {"retry-after": str(RETRY_AFTER_SECONDS[told.status])} if told.status in RETRY_AFTER_SECONDS else None
    return Response(told, status_code=told.status, media_type=MEDIA_TYPE, headers=headers)


def answer_heartline_error(_request: Request[Any, Any, Any], error: HeartlineError) -> Response[Problem]:
    """Answer with what Heartline itself found wrong."""
    return _answer(problem_of(error))


def answer_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Answer with what the framework found wrong: no such path, a parameter of the wrong kind."""
    extra = error.extra if isinstance(error, ValidationException) and isinstance(error.extra, list) else []
    errors = [{name: cut(str(value)) for name, value in one.items()} for one in extra if isinstance(one, dict)]
    title = HTTPStatus(error.status_code).phrase
    detail = error.detail.partition("?")[0]  # the framework repeats the whole query, which may hold a key of any length
    answer = problem(error.status_code, title, detail, title.lower().replace(" ", "-"), errors)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["allow"] = ", ".join(_methods(request))
    return answer


def _methods(request: Request[Any, Any, Any]) -> list[str]:
    """Give the methods of the routes that a path is of."""
    parts = request.scope["path"].strip("/").split("/")
    found: set[str] = set()
    for route in request.app.routes:
        known = route.path.strip("/").split("/")
        alike = len(known) == len(parts) and all(
            one == part or one.startswith("{") for one, part in zip(known, parts, strict=True)
        )
        if alike and isinstance(route, HTTPRoute):
            found |= set(route.methods)
    return sorted(found)


def answer_too_deep(_request: Request[Any, Any, Any], _error: RecursionError) -> Response[Problem]:
    """Answer that a body is nested too deeply, where a decoder gave up on it."""
    status = STATUSES["too-deep"]
    return problem(status, HTTPStatus(status).phrase, "The body is nested too deeply.", "too-deep")


def answer_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer that the fault is ours, without its traceback, which goes to the log."""
    getLogger("heartline.http").error("unexpected error in %s", request.scope.get("path_template"), exc_info=error)
    return problem(500, "Internal Server Error", "The service failed here; its log says more.", "internal-error")
