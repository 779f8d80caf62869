"""Checking a host: import what it keeps, audit it, and say what is not known."""

from collections.abc import Sequence

from msgspec import Struct

from infrastructure.answers.audits import finding_answer
from infrastructure.answers.library import Library
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.objects import FindingAnswer
from infrastructure.answers.times import rfc3339
from infrastructure.checking.configured import configured_findings, fallen_back
from infrastructure.ledger.sources import Source, sources
from infrastructure.openclaw.host.layout import Layout
from infrastructure.openclaw.intake.hosts import ImportedHost, Told, gateway_of, import_host
from infrastructure.openclaw.kept import ContentPolicy
from infrastructure.openclaw.observed import KeyedBy

SEVERITIES = ("error", "warning", "info")
"""Worst first."""


class RouteAnswer(Struct, frozen=True):
    """A routing key of a host, and the ticks of which anything is on record."""

    routing_key: str
    ticks: int
    sessions: int
    first_at: str
    last_at: str
    outcomes: dict[str, int]
    billed_tokens: int | None


class Checked(Struct, frozen=True):
    """What a check came to."""

    imported: ImportedHost
    routes: list[RouteAnswer]
    findings: list[FindingAnswer]


class Hosts:
    """Imports and checks hosts, into one ledger."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def import_layout(
        self,
        layout: Layout,
        gateway: str | None,
        keyed_by: KeyedBy = "session-key",
        content: ContentPolicy = "redacted",
        told: Told = lambda _path: None,
    ) -> ImportedHost:
        """Import every source of a layout into the gateway that is given, or is known to be this installation's.

        Raises:
            BadGateway: what is given is none.
            DatabaseUnavailable, StreamMoved: as the recorder.
        """
        named = gateway_of(self._library.ledger, layout, gateway)
        return import_host(self._library.ledger, layout, named, keyed_by, content, lambda: self._minted(named), told)

    def check(
        self,
        layout: Layout,
        gateway: str | None,
        since: int | None,
        keyed_by: KeyedBy,
        content: ContentPolicy,
        told: Told,
    ) -> Checked:
        """Import a host and audit it. Of ticks before `since` (µs) nothing is told.

        Raises: as `import_layout`.
        """
        imported = self.import_layout(layout, gateway, keyed_by, content, told)
        named = imported.gateway
        answers = LocalAnswers(self._library)
        least = "" if since is None else rfc3339(since)
        routes = self._routes(named, since)
        of_host = (*configured_findings(self._library, layout, named), *fallen_back(self._library, layout, named))
        found = [*(finding_answer(one) for one in of_host), *answers.findings(named)]
        found = [one for one in found if one.last_at >= least]
        return Checked(imported, routes, sorted(found, key=lambda one: SEVERITIES.index(one.severity)))

    def sources(self, gateway: str | None = None) -> Sequence[Source]:
        """Give what was imported of hosts."""
        return sources(self._library.ledger.connection, gateway)

    def _minted(self, gateway: str) -> dict[str, str]:
        self._library.refresh("keys")
        return dict(self._library.rows("keys/minted", {"gateway": gateway}))

    def _routes(self, gateway: str, since: int | None) -> list[RouteAnswer]:
        self._library.refresh("keys", "ticks", "turns", "transcript_turns")
        rows = self._library.rows("ticks/of_routes", {"gateway": gateway, "since": since})
        return [
            RouteAnswer(key, ticks, sessions, rfc3339(first), rfc3339(last), dict(outcomes), billed)
            for key, ticks, sessions, first, last, outcomes, billed in rows
        ]
