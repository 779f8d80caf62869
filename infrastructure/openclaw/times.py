"""Times as hosts write them: RFC 3339 text, to microseconds since the Unix epoch."""

import re
from datetime import UTC, datetime, timedelta

_FORM = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<minute>\d\d:\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?"
    r"(?:[Zz]|(?P<offset>[+-](?:[01]\d|2[0-3]):[0-5]\d))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(text: str) -> int | None:
    """Read an RFC 3339 time; what is finer than a microsecond is cut off. None if it is no such time.

    A leap second counts as the second after it, as the Unix epoch has none.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    leap = form["second"] == "60"
    second = "59" if leap else form["second"]
    fraction = (form["fraction"] or "")[:6].ljust(6, "0")
    try:
        time = datetime.fromisoformat(
            f"{form['date']}T{form['minute']}:{second}.{fraction}{form['offset'] or '+00:00'}"
        )
    except ValueError:
        return None
    return (time - _EPOCH) // _MICROSECOND + (1_000_000 if leap else 0)
