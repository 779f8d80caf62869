"""The library's subscription to one partition: it polls, and a hint only makes it poll at once."""

from collections import deque
from collections.abc import Callable, Sequence

from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription

from infrastructure.ledger.hints import Listener

POLL_SECONDS = 0.1
"""How long a subscription waits for a hint before it looks by itself, and before it sees that it was stopped."""

PAGE = 500
"""How many notifications are read at once."""


class PartitionSubscription(Subscription[ApplicationRecorder]):
    """Every event of a partition after a position, and those that come; `stop` may be called from another thread.

    Within a partition whoever has seen position n has seen everything up to n. So it reads up to the tail that it saw,
    and goes on from there also where no event was of the topics asked for.
    """

    def __init__(
        self,
        recorder: ApplicationRecorder,
        gt: int | None,
        topics: Sequence[str],
        *,
        tail: Callable[[], int],
        listen: Callable[[], Listener],
    ) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._after = gt or 0
        self._tail = tail
        self._listen = listen
        self._listener: Listener | None = None
        self._read: deque[Notification] = deque()

    def __exit__(self, *args: object, **kwargs: object) -> None:
        try:
            super().__exit__(*args, **kwargs)
        finally:
            self._close()

    def __next__(self) -> Notification:
        try:
            while not self._has_been_stopped:
                if self._read:
                    return self._read.popleft()
                self._poll()
        except BaseException:
            self._close()
            raise
        self._close()
        raise StopIteration

    def _poll(self) -> None:
        """Read on, or wait for a hint. It listens before it looks, so that nothing falls in between."""
        if self._listener is None:
            self._listener = self._listen()
        tail = self._tail()
        if tail <= self._after:
            self._listener.wait(POLL_SECONDS)
            return
        found = self._recorder.select_notifications(
            self._after, PAGE, stop=tail, topics=self._topics, inclusive_of_start=False
        )
        self._read.extend(found)
        self._after = found[-1].id if len(found) == PAGE else tail

    def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
