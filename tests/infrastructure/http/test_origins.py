import pytest

from infrastructure.http.errors import ForeignHost, ForeignOrigin
from infrastructure.http.origins import Origins, is_loopback

LOCAL = Origins("127.0.0.1")
ANYWHERE = Origins("0.0.0.0", ["Ledger.example"])


def asked(host: str | None, **headers: str) -> list[tuple[bytes, bytes]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if host is not None:
        named["host"] = host
    return [(name.encode(), value.encode("latin-1")) for name, value in named.items()]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8787", "localhost:8787", "LOCALHOST", "[::1]:8787", "127.9.9.9"]
)
def test_bound_to_loopback_it_answers_to_loopback(host: str) -> None:
    LOCAL.check(asked(host))


@pytest.mark.parametrize(
    "host",
    [
        *(None, "", "evil.example", "evil.example:8787", "localhost.evil.example", "192.168.0.7", "127.0.0.1.evil"),
        *("127.0.0.1@evil.example", "evil.example#127.0.0.1", "127.0.0.1/x", "127.0.0.1:x", "[::1", "localhost\x00"),
        *("2130706433", "0x7f.1", "127.0.0.1, evil.example"),
    ],
)
def test_bound_to_loopback_it_answers_to_no_other_name(host: str | None) -> None:
    with pytest.raises(ForeignHost):
        LOCAL.check(asked(host))


def test_a_request_that_names_two_hosts_is_refused() -> None:
    with pytest.raises(ForeignHost):
        LOCAL.check([(b"host", b"127.0.0.1"), (b"host", b"evil.example")])


@pytest.mark.parametrize("host", ["192.168.0.7:8787", "[2001:db8::7]", "ledger.example:8787", "localhost", "127.0.0.1"])
def test_bound_elsewhere_it_answers_to_addresses_and_to_the_names_that_it_was_given(host: str) -> None:
    ANYWHERE.check(asked(host))


def test_bound_elsewhere_it_answers_to_no_name_that_it_was_not_given() -> None:
    with pytest.raises(ForeignHost):
        ANYWHERE.check(asked("evil.example"))


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:3000", "https://localhost", "", "127.0.0.1:8787", "file://"],
)
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    with pytest.raises(ForeignOrigin):
        LOCAL.check(asked("127.0.0.1:8787", origin=origin))


def test_a_page_of_this_service_is_not_foreign() -> None:
    LOCAL.check(asked("127.0.0.1:8787", origin="http://127.0.0.1:8787", sec_fetch_site="same-origin"))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_what_a_browser_says_is_from_another_site_is_refused_though_it_names_no_origin(site: str) -> None:
    with pytest.raises(ForeignOrigin):
        LOCAL.check(asked("127.0.0.1:8787", sec_fetch_site=site))


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", True), ("::1", True), ("localhost", True)])
def test_loopback_is_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", "", "127.1"])
def test_what_is_not_surely_loopback_counts_as_reachable_from_elsewhere(host: str) -> None:
    assert not is_loopback(host)
