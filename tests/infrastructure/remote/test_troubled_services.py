"""A service that is not there, is none, or is troubled: every error says what happened and what to do."""

import socket
from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest

from domain.errors import HeartlineError, WrongUsage
from infrastructure.answers.errors import UnknownStream
from infrastructure.remote.address import read_address
from infrastructure.remote.answers import RemoteAnswers
from infrastructure.remote.errors import (
    NotAService,
    ServiceTimeout,
    ServiceUnreachable,
    UnreadableToken,
    UnreadableUrl,
    error_of,
)
from infrastructure.remote.service import RemoteService, opened_service
from tests.infrastructure.remote.conftest import asking
from tests.infrastructure.remote.peers import Said, peer, problem

HTML = Said(200, "text/html; charset=utf-8", b"<html>Please log in")
BUSY = problem(503, "queue-full", "The queue is full.", retry_after="1")


@pytest.fixture
def silent() -> Iterator[str]:
    """A place where connections are taken and nothing is said."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def refused(url: str) -> HeartlineError:
    with asking(url) as answers, pytest.raises(HeartlineError) as found:
        answers.streams()
    return found.value


def test_where_nobody_listens_it_says_what_to_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    error = refused(url)
    assert isinstance(error, ServiceUnreachable)
    assert url in str(error)
    assert "heartline serve" in str(error)


@pytest.mark.parametrize(
    "said",
    [
        HTML,
        Said(502, "text/html", b"<html>Bad Gateway"),
        Said(200, "text/plain", b"hello"),
        Said(302, "text/html", b"", {"location": "https://elsewhere.example/login"}),
        Said(200, body=b'{"not": "a list"}'),
        Said(200, body=b"["),
        problem(404, "not-found", "Not Found"),
        Said(500, "application/problem+json", b"what?"),
        Said(204, body=b""),
    ],
    ids=lambda said: f"{said.status} {said.body[:12]!r}",
)
def test_what_is_no_service_is_said_to_be_none(said: Said) -> None:
    with peer(said) as other:
        error = refused(other.url)
    assert isinstance(error, NotAService)
    assert not isinstance(error, WrongUsage)
    assert "?" in str(error) or "give the URL" in str(error)


def test_a_problem_keeps_its_code_and_whether_it_is_wrong_usage() -> None:
    with peer(problem(404, "unknown-stream", "No engine x.")) as other:
        error = refused(other.url)
    assert (type(error), str(error)) == (UnknownStream, "No engine x.")
    for status, code, wrong in ((400, "new-code", True), (409, "newer-code", False), (500, "internal-error", False)):
        with peer(problem(status, code, "It went wrong.")) as other:
            error = refused(other.url)
        assert (error.code, isinstance(error, WrongUsage), str(error)) == (code, wrong, "It went wrong.")


@pytest.mark.parametrize(("status", "code"), [(401, "unknown-token"), (403, "forbidden")])
def test_a_token_that_is_missing_or_allows_too_little_is_told_with_where_to_put_one(status: int, code: str) -> None:
    with peer(problem(status, code, "No.")) as other:
        error = refused(other.url)
    assert error.code == code
    assert "HEARTLINE_TOKEN" in str(error)


def test_the_parameter_that_is_wrong_is_named() -> None:
    body = (
        b'{"detail":"Validation failed","code":"bad-request","errors":[{"message":"Expected `int` >= 1","key":"call"}]}'
    )
    assert "call: Expected `int` >= 1" in str(error_of(400, body))


def test_a_busy_service_is_asked_again_after_the_time_that_it_says_and_not_for_ever() -> None:
    pauses: list[float] = []
    with peer(BUSY, BUSY, Said()) as other, httpx.Client() as client:
        service = RemoteService(client, read_address(other.url), pauses.append)
        assert RemoteAnswers(service).streams() == []
    assert pauses == [1.0, 1.0]
    with peer(BUSY) as other, httpx.Client() as client:
        service = RemoteService(client, read_address(other.url), pauses.append)
        with pytest.raises(HeartlineError, match="queue is full"):
            service.post("/v1/observations", b"", patience=30)
    assert 10 < sum(pauses) <= 32
    assert all(earlier <= later for earlier, later in pairwise(pauses))


def test_a_service_that_has_answered_and_breaks_off_is_asked_again_and_one_that_never_did_is_not() -> None:
    pauses: list[float] = []
    gone = Said(hang_up=True)
    with peer(Said(), gone, gone, Said()) as other, httpx.Client() as client:
        answers = RemoteAnswers(RemoteService(client, read_address(other.url), pauses.append))
        assert answers.streams() == answers.streams() == []
    assert len(pauses) == 2
    with peer(gone) as other, httpx.Client() as client:
        answers = RemoteAnswers(RemoteService(client, read_address(other.url), pauses.append))
        with pytest.raises(ServiceUnreachable, match="broke off"):
            answers.streams()
    assert len(pauses) == 2


def test_a_service_that_says_nothing_is_waited_for_no_longer_than_its_time(silent: str) -> None:
    with httpx.Client(timeout=0.05) as client:
        answers = RemoteAnswers(RemoteService(client, read_address(silent)))
        with pytest.raises(ServiceTimeout, match="did not answer in time"):
            answers.streams()


def test_tls_that_fails_is_said_to() -> None:
    with peer(Said()) as other:
        error = refused(other.url.replace("http:", "https:"))
    assert isinstance(error, ServiceUnreachable)
    assert "TLS failed" in str(error)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8787", "ftp://host", "http://", "http://[::1", "http://h:x", "http://h?a=1", "http://h\n"]
)
def test_what_is_no_url_is_wrong_usage_and_says_how_to_write_one(url: str) -> None:
    with pytest.raises(UnreadableUrl, match=r"http://127\.0\.0\.1:8787"):
        read_address(url)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(UnreadableUrl) as found:
        read_address("http://someone:swordfish@host")
    assert "swordfish" not in str(found.value)
    assert "HEARTLINE_TOKEN" in str(found.value)


@pytest.mark.parametrize("token", ["swordfish\n", "sword fish", "schwertfisch-ß"])
def test_what_can_be_no_token_is_wrong_usage_and_not_repeated(token: str) -> None:
    with pytest.raises(UnreadableToken) as found, opened_service("http://127.0.0.1:1", token):
        pass
    assert token.strip() not in str(found.value)


def test_a_prefix_is_put_before_every_path_and_the_token_goes_along() -> None:
    with peer(Said()) as other, opened_service(f"{other.url}/below/here/", "swordfish") as service:
        RemoteAnswers(service).streams("sample")
    (path, headers), *more = other.asked
    assert (path, more) == ("/below/here/v1/streams?gateway=sample", [])
    assert {name.lower(): value for name, value in headers.items()}["authorization"] == "Bearer swordfish"


def test_this_machine_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(HTML) as proxy, peer(Said()) as other:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        with asking(other.url) as answers:
            assert answers.streams() == []
    assert proxy.asked == []
