"""Why a request is turned away before it is read."""

from domain.errors import HeartlineError, WrongUsage


class ForeignHost(HeartlineError):
    """The request names a host that is not ours: a web page may have had its name point here."""

    code = "foreign-host"


class ForeignOrigin(HeartlineError):
    """A web page from elsewhere sent the request."""

    code = "foreign-origin"


class TooManyRequests(HeartlineError):
    """A client asks more often, or more at once, than it may."""

    code = "too-many-requests"


class TooLarge(HeartlineError):
    """A request's body is larger than the service takes."""

    code = "too-large"


class TooSlow(HeartlineError):
    """A request's body did not arrive in time."""

    code = "too-slow"


class TooMuchUnread(HeartlineError):
    """A client does not take the answers that it asked for."""

    code = "too-many-requests"


class TooMuchHeld(HeartlineError):
    """Requests that are still arriving hold as much memory as they may, all together."""

    code = "queue-full"


class ServiceUnsafe(WrongUsage):
    """The service would be open to strangers as it was to be started."""

    code = "service-unsafe"
