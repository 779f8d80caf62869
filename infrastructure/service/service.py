"""The service: what it holds open between requests."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from domain.errors import HeartlineError
from infrastructure.access.keyring import Keyring, Known, tokens_in_use
from infrastructure.ledger.ledger import Ledger
from infrastructure.service.aside import Aside, Shared
from infrastructure.service.desk import Desk
from infrastructure.service.folding import Folding
from infrastructure.service.libraries import Libraries
from infrastructure.service.listening import Listening
from infrastructure.service.live import Live
from infrastructure.service.logs import warn
from infrastructure.service.long_questions import LongQuestions
from infrastructure.service.meters import Meters

CLOSE_SECONDS = 2.0
"""How long what was accepted may take to be written when the service ends."""

READERS = 2
"""How many large bodies are read at once: reading is processor time."""


class Service:
    """Everything that requests share. Threads may use it at once."""

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        self.meters = Meters()
        self.libraries = Libraries(open_ledger)
        self.aside = Aside(open_ledger)
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self.long_questions = LongQuestions()
        self.listening = Listening(open_ledger)
        self.live = Live(open_ledger, self.listening, self.meters)
        self.folding = Folding(open_ledger, self.listening)
        self.desk = Desk(open_ledger, self.meters)
        self.keyring = Keyring(self._tokens)
        self.database_status = Shared(self._database_status)
        self.ending = False

    def end(self) -> None:
        """Take nothing new; what was accepted goes on, but for readers of the live tail, which has no end."""
        self.ending = True
        self.live.end()

    def close(self) -> None:
        """Write what was accepted, and let go of everything."""
        self.end()
        if not self.desk.close(CLOSE_SECONDS):
            warn("ended before everything was written; who sent it was not told that it was")
        self.libraries.close()
        self.live.close()
        self.folding.close()
        self.listening.close()
        self.aside.close()
        self.readers.shutdown(wait=False, cancel_futures=True)

    async def _database_status(self) -> str:
        """Say `ok` if the database answers, else the code of why it does not."""
        try:
            await self.aside.run(self.aside.ask, lambda library: library.ledger.heads())
        except HeartlineError as error:
            return error.code
        return "ok"

    def _tokens(self) -> Sequence[Known]:
        return self.aside.ask(lambda library: tokens_in_use(library.ledger.connection))
