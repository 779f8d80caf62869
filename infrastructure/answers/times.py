"""Times as people write and read them."""

import re
from datetime import UTC, date, datetime, timedelta

from domain.errors import WrongUsage

_AGE = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def rfc3339(microseconds: int) -> str:
    """Write a time (µs since the Unix epoch) in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{microseconds % 1_000_000 // 1000:03d}Z"


def parse_age(text: str) -> timedelta:
    """Read a span of time such as `90d` or `30m`.

    Raises:
        WrongUsage: it is none.
    """
    age = _AGE.fullmatch(text)
    try:
        if age:
            return timedelta(**{_UNITS[age[2]]: int(age[1])})
    except (ValueError, OverflowError):
        pass
    raise WrongUsage(f"{text!r} is no span of time: write 90d, 24h or 30m.")


def parse_time(text: str, now: datetime) -> int:
    """Read a time, a date (its beginning, UTC) or an age such as `24h` or `30m`, as µs since the Unix epoch.

    Raises:
        WrongUsage: it is none of them.
    """
    age = _AGE.fullmatch(text)
    try:
        if age:
            moment = now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        elif len(text) > 10:
            moment = datetime.fromisoformat(text)
        else:
            moment = datetime.combine(date.fromisoformat(text), datetime.min.time())
    except (ValueError, OverflowError):
        raise WrongUsage(
            f"{text!r} is no time: write 2026-11-23T08:36:57Z, a date (2026-11-23), or an age (24h, 30m)."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
