"""Asking a service over HTTP: retries where it is busy, and errors that say what to do."""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import httpx

from domain.errors import WrongUsage
from infrastructure.remote.address import Address, check_token, read_address
from infrastructure.remote.errors import NotAService, ServiceTimeout, ServiceUnreachable, error_of

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
"""How long an answer may take."""

LONG_ANSWER_SECONDS = 3_600.0
"""How long one may take that reads the whole ledger: an audit, a verification."""

PATIENCE_SECONDS = 5.0
"""How long a busy service is asked again."""

LONG_PATIENCE_SECONDS = 60.0
"""The same while a recording is imported: the service may be restarted meanwhile."""

SILENT_SECONDS = 40.0
"""How long a service may say nothing that is followed: it gives a sign of life every 15."""

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0

JSON = "application/json"
NDJSON = "application/x-ndjson"
PROBLEM = "application/problem+json"
BYTES = "application/octet-stream"
EVENTS = "text/event-stream"

BUSY = (429, 503)
_NO_SUCH_ROUTE = ("not-found", "method-not-allowed")

Parameters = Mapping[str, str | int | Sequence[str] | None]
"""Query parameters; those that are None are left out."""


@contextmanager
def opened_service(url: str, token: str | None) -> Iterator["RemoteService"]:
    """Open the way to a service. Nothing is asked yet.

    Raises:
        UnreadableUrl, UnreadableToken: they are none.
    """
    address = read_address(url)
    headers = {"accept": JSON, "user-agent": f"heartline/{version('heartline')}"}
    if token is not None:
        headers["authorization"] = f"Bearer {check_token(token)}"
    # A proxy that the environment names is not for this machine itself, and would be given the token.
    direct: dict[str, None] = {address.base: None} if address.loopback else {}
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    with httpx.Client(headers=headers, timeout=timeout, mounts=direct) as client:
        yield RemoteService(client, address)


class RemoteService:
    """A service that is asked. Every request may be repeated: what was delivered twice is recorded once."""

    def __init__(self, client: httpx.Client, address: Address, pause: Callable[[float], None] = time.sleep) -> None:
        self.address = address
        self._client = client
        self._pause = pause
        self._answered = False

    def get(
        self,
        path: str,
        parameters: Parameters | None = None,
        *,
        long: bool = False,
        patience: float = PATIENCE_SECONDS,
    ) -> bytes:
        """Ask; give the JSON that is answered. `patience` says for how many seconds a busy service is asked again.

        Raises:
            HeartlineError: what the service says is wrong, or what is wrong on the way there.
        """
        return self._asked("GET", path, parameters or {}, None, None, long, patience)

    def post(
        self,
        path: str,
        body: bytes,
        parameters: Parameters | None = None,
        *,
        media_type: str = JSON,
        long: bool = False,
        patience: float = PATIENCE_SECONDS,
    ) -> bytes:
        """Send; give the JSON that is answered. `patience` says for how many seconds a busy service is asked again.

        Raises:
            HeartlineError: what the service says is wrong, or what is wrong on the way there.
        """
        return self._asked("POST", path, parameters or {}, body, media_type, long, patience)

    def download(self, path: str, write: Callable[[bytes], None]) -> None:
        """Ask for bytes, and write them as they come.

        Raises:
            HeartlineError: what the service says is wrong, or what is wrong on the way there, in the midst of it too.
        """
        timeout = httpx.Timeout(LONG_ANSWER_SECONDS, connect=CONNECT_SECONDS)
        request = self._client.build_request("GET", self.address.base + path, timeout=timeout)
        response = self._sent(request, stream=True)
        try:
            if response.headers.get("content-type", "").partition(";")[0] != BYTES:
                response.read()
                self._read(response)
                raise NotAService(f"{self.address.base} answered with something else: is it of another version?")
            for piece in response.iter_bytes():
                write(piece)
        except httpx.HTTPError as error:
            raise ServiceUnreachable(
                f"{self.address.base} broke off ({_words(error)}): its log says why. Try again."
            ) from None
        finally:
            response.close()

    @contextmanager
    def streaming(self, path: str, parameters: Parameters, headers: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """Ask for server-sent events, and lend what comes of them as it comes.

        Raises:
            HeartlineError: what the service says is wrong, or what is wrong on the way there, in the midst of it too.
        """
        timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
        request = self._built("GET", path, parameters, headers={"accept": EVENTS, **headers}, timeout=timeout)
        response = self._sent(request, stream=True)
        try:
            if response.headers.get("content-type", "").partition(";")[0] != EVENTS:
                response.read()
                self._read(response)
                raise NotAService(f"{self.address.base} answered with something else: is it of another version?")
            yield response.iter_bytes()
        except httpx.HTTPError as error:
            raise ServiceUnreachable(f"{self.address.base} broke off ({_words(error)}). Try again.") from None
        finally:
            response.close()

    def pause(self, seconds: float) -> None:
        """Wait before it is asked again."""
        self._pause(seconds)

    def once(self, path: str) -> httpx.Response:
        """Ask once, and give whatever is answered.

        Raises:
            ServiceUnreachable, ServiceTimeout: nothing is.
        """
        return self._sent(self._client.build_request("GET", self.address.base + path))

    def _asked(
        self,
        method: str,
        path: str,
        parameters: Parameters,
        body: bytes | None,
        media_type: str | None,
        long: bool,
        patience: float,
    ) -> bytes:
        request = self._built(
            method,
            path,
            parameters,
            content=body,
            headers={} if media_type is None else {"content-type": media_type},
            timeout=httpx.Timeout(LONG_ANSWER_SECONDS, connect=CONNECT_SECONDS) if long else httpx.USE_CLIENT_DEFAULT,
        )
        waited, pause = 0.0, FIRST_PAUSE_SECONDS
        while True:
            try:
                response = self._sent(request)
            except ServiceUnreachable:
                # One that has just answered may be restarting; one that never did is not there.
                if not self._answered or waited + pause > patience:
                    raise
                asked_for = 0.0
            else:
                self._answered = True
                asked_for = _retry_after(response)
                if response.status_code not in BUSY or waited + max(pause, asked_for) > patience:
                    return self._read(response)
            delay = max(pause, asked_for)
            self._pause(delay)
            waited, pause = waited + delay, min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _built(self, method: str, path: str, parameters: Parameters, **options: Any) -> httpx.Request:
        asked = {name: value for name, value in parameters.items() if value is not None}
        try:
            return self._client.build_request(method, self.address.base + path, params=asked, **options)
        except UnicodeEncodeError:
            raise WrongUsage("What is asked for holds characters that UTF-8 has not.") from None
        except httpx.InvalidURL as error:
            raise WrongUsage(f"What is asked for does not fit into a URL ({error}).") from None

    def _sent(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        base = self.address.base
        try:
            return self._client.send(request, stream=stream)
        except httpx.ConnectTimeout:
            raise ServiceTimeout(f"{base} can't be reached in {CONNECT_SECONDS:g} s: is the URL right?") from None
        except httpx.TimeoutException:
            raise ServiceTimeout(f"{base} did not answer in time. Try again; nothing acknowledged is lost.") from None
        except httpx.ConnectError as error:
            if _of_tls(error):
                raise ServiceUnreachable(
                    f"{base}: TLS failed ({_words(error)}). Is its certificate trusted here?"
                ) from None
            raise ServiceUnreachable(
                f"No service answers at {base} ({_words(error)}): start one with `heartline serve`, or check the URL."
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServiceUnreachable(
                f"{base} broke off ({_words(error)}). Try again; nothing acknowledged is lost."
            ) from None

    def _read(self, response: httpx.Response) -> bytes:
        """Give the JSON of an answer.

        Raises:
            NotAService: it is none.
            HeartlineError: what the service says is wrong.
        """
        kind = response.headers.get("content-type", "nothing").partition(";")[0].strip().lower()
        status, path = response.status_code, response.url.path
        problem = error_of(status, response.content) if kind == PROBLEM else None
        if problem is not None and problem.code in _NO_SUCH_ROUTE:
            raise NotAService(
                f"The service at {self.address.base} knows no {path}: is the URL right, or its version older?"
            )
        if problem is not None:
            raise problem
        if response.is_redirect:
            raise NotAService(f"{self.address.base} says that the service is elsewhere: give the URL of that place.")
        if not response.is_success or kind != JSON:
            raise NotAService(
                f"{self.address.base} answered {status} with {kind}, as no Heartline service does: is the URL right, "
                "or is a proxy in between that wants something?"
            )
        return response.content


def _retry_after(response: httpx.Response) -> float:
    told: str = response.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() and len(told) < 6 else 0.0


def _of_tls(error: BaseException) -> bool:
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLError):
            return True
        found = found.__cause__ or found.__context__
    return False


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
