"""Structured logs: one JSON object a line. Never a key, a query, a text or a token: only what operates the service."""

import logging
import sys
import traceback
from typing import Any

from msgspec import json

from infrastructure.answers.times import rfc3339

LOGGER = logging.getLogger("heartline")


class JsonFormatter(logging.Formatter):
    """Writes a record as `{at, level, event, …}` with the fields that it was given as `extra={"fields": …}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        line: dict[str, Any] = {
            "at": rfc3339(int(record.created * 1_000_000)),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["error"] = type(record.exc_info[1]).__name__
            line["traceback"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.encode(line).decode()


def log_to_stderr(level: str) -> None:
    """Send the logs of the service, and the server's warnings, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for logger, its_level in ((LOGGER, level.upper()), (logging.getLogger("uvicorn"), "WARNING")):
        logger.handlers = [handler]
        logger.setLevel(its_level)
        logger.propagate = False


def log(event: str, /, **fields: object) -> None:
    """Log what happened. (Without looking up who says so, which costs more than the rest.)"""
    if LOGGER.isEnabledFor(logging.INFO):
        record = LOGGER.makeRecord(LOGGER.name, logging.INFO, "", 0, event, (), None, extra={"fields": fields})
        LOGGER.handle(record)


def warn(event: str, /, **fields: object) -> None:
    """Log what somebody should look at."""
    LOGGER.warning(event, extra={"fields": fields})
