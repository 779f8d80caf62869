"""The service: what it holds open between requests."""

from collections.abc import Callable, Sequence

from infrastructure.access.keyring import Keyring, Known, tokens_in_use
from infrastructure.ledger.ledger import Ledger
from infrastructure.service.desk import Desk
from infrastructure.service.libraries import Libraries
from infrastructure.service.logs import warn
from infrastructure.service.long_questions import LongQuestions
from infrastructure.service.meters import Meters

CLOSE_SECONDS = 2.0
"""How long what was accepted may take to be written when the service ends."""


class Service:
    """Everything that requests share. Threads may use it at once."""

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        self.meters = Meters()
        self.libraries = Libraries(open_ledger)
        self.long_questions = LongQuestions()
        self.desk = Desk(open_ledger, self.meters)
        self.keyring = Keyring(self._tokens)
        self.ending = False

    def end(self) -> None:
        """Take nothing new; what was accepted goes on."""
        self.ending = True

    def close(self) -> None:
        """Write what was accepted, and let go of everything."""
        self.end()
        if not self.desk.close(CLOSE_SECONDS):
            warn("ended before everything was written; who sent it was not told that it was")
        self.libraries.close()

    def _tokens(self) -> Sequence[Known]:
        with self.libraries.lend() as library:
            return tokens_in_use(library.ledger.connection)
