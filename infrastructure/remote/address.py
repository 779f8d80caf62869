"""Where a service is: a URL, perhaps with the prefix that a proxy puts before it."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from infrastructure.remote.errors import UnreadableToken, UnreadableUrl

EXAMPLE = "write http://127.0.0.1:8787, or https://host/prefix"


class Address(Struct, frozen=True):
    """`base` is what paths are put behind, without a slash at its end."""

    base: str
    loopback: bool
    encrypted: bool


def read_address(url: str) -> Address:
    """Read the URL of a service.

    Raises:
        UnreadableUrl: it is none, or holds a password, which the error does not repeat.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise UnreadableUrl(f"The URL of the service can't be read: {EXAMPLE}.") from None
    if parts.username is not None or parts.password is not None:
        raise UnreadableUrl(
            "A URL is seen by others: leave name and password out, and put a token into HEARTLINE_TOKEN."
        )
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or not url.isprintable():
        raise UnreadableUrl(f"{url!r} is no URL of a service: {EXAMPLE}.")
    return Address(url.rstrip("/"), _is_loopback(host), parts.scheme == "https")


def check_token(token: str) -> str:
    """Give a bearer token back if it can be one.

    Raises:
        UnreadableToken: it can't; it is not repeated.
    """
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UnreadableToken("What HEARTLINE_TOKEN holds is no token: give it as `heartline token create` printed it.")
    return token


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
