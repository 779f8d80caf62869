"""The messages that a host keeps, by its own fingerprints: its trace cuts what its transcripts have whole."""

from collections.abc import Callable, Iterator

from infrastructure.openclaw.fingerprints import as_submitted, fingerprints_of
from infrastructure.openclaw.host.records import Record, TranscriptMessage

MOST_BYTES = 256 * 1024 * 1024
"""How much of messages is held at once; what comes behind that is not known again."""


class KeptMessages:
    """Gives messages by their fingerprints. Nothing is read before the first one is asked for."""

    def __init__(self, records: Callable[[], Iterator[Record]]) -> None:
        self._records = records
        self._known: dict[str, bytes] | None = None

    def get(self, fingerprint: str) -> bytes | None:
        """Give the message of the transcripts that has this fingerprint when it is submitted, in that form.

        The host does not submit all of what it keeps: a result's details, say, the model never saw.
        """
        if self._known is None:
            self._known = self._read()
        kept = self._known.get(fingerprint)
        return None if kept is None else as_submitted(kept, fingerprint)

    def _read(self) -> dict[str, bytes]:
        known: dict[str, bytes] = {}
        size = 0
        for one in self._records():
            if not isinstance(one, TranscriptMessage):
                continue
            size += len(one.raw)
            if size > MOST_BYTES:
                break
            for fingerprint in fingerprints_of(one.raw):
                known.setdefault(fingerprint, one.raw)
        return known
