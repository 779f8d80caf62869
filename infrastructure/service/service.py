"""The service: what it holds open between requests."""

from collections.abc import Callable

from infrastructure.ledger.ledger import Ledger
from infrastructure.service.libraries import Libraries


class Service:
    """Everything that requests share. Threads may use it at once."""

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        self.libraries = Libraries(open_ledger)

    def close(self) -> None:
        """Let go of everything."""
        self.libraries.close()
