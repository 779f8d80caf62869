"""Is a service there, is it ready, and do our clocks agree?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from domain.errors import HeartlineError
from infrastructure.answers.objects import Check, ChecksAnswer
from infrastructure.remote.decoding import decoded
from infrastructure.remote.errors import error_of
from infrastructure.remote.service import RemoteService

MOST_SECONDS_APART = 5.0
"""How far clocks may be apart: an age such as `24h` is taken from the clock of whoever reads it."""

NOT_FOUND = 404


def service_checks(service: RemoteService) -> list[Check]:
    """Look at the way to a service, and ask what it says of its own place.

    Raises:
        ServiceUnreachable, ServiceTimeout: it is not there.
    """
    before = datetime.now(UTC)
    response = service.once("/readyz")
    took = datetime.now(UTC) - before
    where = service.address
    clear = not (where.encrypted or where.loopback)
    detail = f"{where.base} answers in {took.total_seconds() * 1000:.0f} ms"
    return [
        Check("service", None, f"{detail}, unencrypted: others on the way can read the token" if clear else detail),
        _readiness(response),
        *_clock(response, before),
        *_its_own(service),
    ]


def _readiness(response: httpx.Response) -> Check:
    if response.is_success:
        return Check("ready", True, "it takes requests")
    if response.status_code == NOT_FOUND:
        return Check("ready", None, "it does not say: is it a Heartline service of this version?")
    problem = error_of(response.status_code, response.content)
    return Check("ready", False, f"{problem or f'it answered {response.status_code}'}")


def _clock(response: httpx.Response, before: datetime) -> Iterator[Check]:
    try:
        there = parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError):
        return
    apart = abs((there - before).total_seconds())
    words = f"{apart:.0f} s apart from ours"
    yield Check("clock", apart <= MOST_SECONDS_APART, words if apart > MOST_SECONDS_APART else "agrees with ours")


def _its_own(service: RemoteService) -> list[Check]:
    try:
        return decoded(service.get("/v1/doctor", patience=0), ChecksAnswer).checks
    except HeartlineError as error:
        return [Check("ledger", False, f"{error} [{error.code}]")]
