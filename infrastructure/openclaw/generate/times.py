"""The generated clock: it begins at a fixed instant and knows day and night."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
"""In milliseconds, like all times here."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEGIN = (datetime(2026, 1, 5, 6, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
"""When the first agents begin: a Monday, at six in the morning."""

_MORNING, _NIGHT = 7 * HOUR, 23 * HOUR


def written(at: int) -> str:
    """Write a time as a recorder does."""
    minute, rest = divmod(at, MINUTE)
    return f"{_minute(minute)}:{rest // 1000:02d}.{rest % 1000:03d}Z"


def moment(at: int) -> datetime:
    """Give a time as one that can be written in other ways."""
    return _EPOCH + timedelta(milliseconds=at)


def awake(at: int) -> int:
    """Give the time, or the next morning if it is night: then nobody says anything."""
    day, hour = divmod(at, DAY)
    if hour < _MORNING:
        return day * DAY + _MORNING + hour // 8
    return at if hour < _NIGHT else (day + 1) * DAY + _MORNING + (hour - _NIGHT)


@lru_cache(maxsize=256)
def _minute(minute: int) -> str:
    return f"{moment(minute * MINUTE):%Y-%m-%dT%H:%M}"
