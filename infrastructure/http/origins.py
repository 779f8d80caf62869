"""Who may ask: requests for this host, and no web page of another.

A browser lets any page send requests to the machine that it is shown on, and a page can have its own name point at
127.0.0.1 (DNS rebinding). So a request must name a host that is ours, and must not say that it comes from a page
elsewhere. Programs such as curl send no `Origin`.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from infrastructure.http.errors import ForeignHost, ForeignOrigin

Headers = Iterable[tuple[bytes, bytes]]

LOCAL_NAMES = frozenset({"localhost"})

_OWN_SITES = (b"none", b"same-origin")


def is_loopback(host: str) -> bool:
    """Say whether an address, or `localhost`, is of this machine only."""
    if host.lower() in LOCAL_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Origins:
    """Knows the hosts that are ours: names, and addresses.

    Bound to loopback these are the loopback addresses and `localhost`. Bound elsewhere any address is: whoever sends
    one in `Host` was not led here by a name of their own. `names` are accepted besides.
    """

    def __init__(self, host: str, names: Iterable[str] = ()) -> None:
        self._loopback = is_loopback(host)
        self._names = LOCAL_NAMES | {name.lower() for name in names}
        self._known = lru_cache(maxsize=256)(lambda named: self._is_ours(_hostname(named)))

    def check(self, headers: Headers) -> None:
        """Let a request pass.

        Raises:
            ForeignHost: it names none of our hosts.
            ForeignOrigin: a page from elsewhere sent it.
        """
        hosts: list[bytes] = []
        origins: list[bytes] = []
        for name, value in headers:
            if name == b"host":
                hosts.append(value)
            elif name == b"origin":
                origins.append(value)
            elif name == b"sec-fetch-site" and value not in _OWN_SITES:
                raise ForeignOrigin("A web page from elsewhere sent this request; it may not.")
        named = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
        if not self._known(named):
            raise ForeignHost(
                f"This service is not {named!r}: ask it by its address, or start it with --allow-host and that name."
            )
        for origin in origins:
            if origin.decode("latin-1").partition("://")[2].lower() != named.lower():
                raise ForeignOrigin("A web page from elsewhere sent this request; it may not.")

    def _is_ours(self, host: str) -> bool:
        if host.lower() in self._names:
            return True
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return address.is_loopback or not self._loopback


def _hostname(host: str) -> str:
    """Give the host of a `Host` header; empty where it is none."""
    try:
        split = urlsplit(f"//{host}")
        _ = split.port  # raises where it is no number
    except ValueError:
        return ""
    return (split.hostname or "") if split.netloc == host and "@" not in host else ""
