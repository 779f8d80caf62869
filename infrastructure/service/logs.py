"""Structured logs: one JSON object a line. Never a key, a query, a text or a token: only what operates the service."""

import logging
import sys
import traceback
from contextlib import suppress
from time import time
from typing import Any

from msgspec import json

from infrastructure.answers.times import rfc3339

LOGGER = logging.getLogger("heartline")


class JsonFormatter(logging.Formatter):
    """Writes a record as `{at, level, event, …}` with the fields that it was given as `extra={"fields": …}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        fields: dict[str, Any] = dict(getattr(record, "fields", {}))
        if record.exc_info:
            fields["error"] = type(record.exc_info[1]).__name__
            fields["traceback"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return _line(record.created, record.levelname.lower(), _message(record), fields)


class _Stderr(logging.StreamHandler[Any]):
    """Writes lines to standard error, whether they come as records or ready."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(JsonFormatter())

    def write(self, line: str) -> None:
        """Write a line that is ready. Where nobody reads it, requests are served all the same."""
        with self.lock, suppress(OSError, ValueError):  # type: ignore[union-attr]  # a handler has a lock from its making on
            self.stream.write(line + self.terminator)
            self.flush()


def _message(record: logging.LogRecord) -> str:
    """Give what is said in the first line: those below, in others' logs, repeat what an error was about."""
    return record.getMessage().partition("\n")[0]


def log_to_stderr(level: str) -> None:
    """Send the logs of the service, and everybody else's warnings, to standard error."""
    handler = _Stderr()
    others = (logging.getLogger("uvicorn"), logging.getLogger())
    for logger, its_level in ((LOGGER, level.upper()), *((other, "WARNING") for other in others)):
        logger.handlers = [handler]
        logger.setLevel(its_level)
        logger.propagate = False


def log(event: str, /, **fields: object) -> None:
    """Log what happened. Every request does: making a record of it, and looking up who says so, costs four times as
    much as writing the line.
    """
    if not LOGGER.isEnabledFor(logging.INFO):
        return
    handler = LOGGER.handlers[0] if LOGGER.handlers else None
    if isinstance(handler, _Stderr):
        handler.write(_line(time(), "info", event, fields))
    else:
        LOGGER.info(event, extra={"fields": fields})


def warn(event: str, /, **fields: object) -> None:
    """Log what somebody should look at."""
    LOGGER.warning(event, extra={"fields": fields})


def _line(at: float, level: str, event: str, fields: dict[str, Any]) -> str:
    return json.encode({"at": rfc3339(int(at * 1_000_000)), "level": level, "event": event, **fields}).decode()
