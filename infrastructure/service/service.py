"""The service: what it holds open between requests."""

from collections.abc import Callable, Sequence

from infrastructure.access.keyring import Keyring, Known, tokens_in_use
from infrastructure.ledger.ledger import Ledger
from infrastructure.service.libraries import Libraries
from infrastructure.service.meters import Meters


class Service:
    """Everything that requests share. Threads may use it at once."""

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        self.meters = Meters()
        self.libraries = Libraries(open_ledger)
        self.keyring = Keyring(self._tokens)
        self.ending = False

    def end(self) -> None:
        """Take nothing new; what was accepted goes on."""
        self.ending = True

    def close(self) -> None:
        """Let go of everything."""
        self.end()
        self.libraries.close()

    def _tokens(self) -> Sequence[Known]:
        with self.libraries.lend() as library:
            return tokens_in_use(library.ledger.connection)
