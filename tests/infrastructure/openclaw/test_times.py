"""RFC 3339 times."""

import pytest

from infrastructure.openclaw.times import microseconds


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00.000001z", 1),
        ("1970-01-01 02:00:00.5+02:00", 500_000),
        ("1969-12-31T23:59:59.9999999Z", -1),
        ("1970-01-01T00:00:00.123456789-00:01", 60_123_456),
        ("1969-12-31T23:59:60Z", 0),
        ("2026-11-23T08:42:18.062Z", 1795423338062000),
        ("0001-01-01T00:00:00+23:59", -62135683140000000),
    ],
)
def test_times_are_microseconds_cut_off(text: str, at: int) -> None:
    assert microseconds(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T08:42:18",
        "2026-11-23T08:42Z",
        "2026-13-23T08:42:18Z",
        "2026-11-23T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-23T08:42:18+24:00",
        "20261123T084218Z",
        "2026-11-23T08:42:18.Z",
        "\u0662\u0660\u0662\u0666-11-23T08:42:18Z",
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    assert microseconds(text) is None
