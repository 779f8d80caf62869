"""The tokens of a service, for those who may do anything there."""

from datetime import timedelta

from msgspec import json

from infrastructure.access.scopes import Scope
from infrastructure.answers.objects import TokenAnswer
from infrastructure.remote.decoding import decoded
from infrastructure.remote.service import RemoteService

PATH = "/v1/tokens"


class RemoteTokens:
    """Asks a service. (See `answers.tokens.Tokens`.)"""

    def __init__(self, service: RemoteService) -> None:
        self._service = service

    def create(self, name: str, scope: Scope, gateway: str | None, lifetime: timedelta | None) -> TokenAnswer:
        """Make one there."""
        seconds = None if lifetime is None else int(lifetime.total_seconds())
        asked = {"name": name, "scope": scope, "gateway": gateway, "lifetime_seconds": seconds}
        # Not asked again where no answer comes: there would be two, and one that nobody knows.
        return decoded(self._service.post(PATH, json.encode(asked), patience=0.0), TokenAnswer)

    def list(self) -> list[TokenAnswer]:
        """Give all of them."""
        return decoded(self._service.get(PATH), list[TokenAnswer])

    def revoke(self, named: str) -> TokenAnswer:
        """Revoke one there."""
        return decoded(self._service.post(f"{PATH}/revoke", json.encode({"token": named})), TokenAnswer)
