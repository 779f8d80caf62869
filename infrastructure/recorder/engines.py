"""The engines that a recorder has in hand: states folded once from their streams and kept while they are used."""

from collections import OrderedDict

from domain.engine import FRESH, Engine, evolve
from domain.entries import Reference
from domain.events import Event, decode
from domain.transcript import NOTHING, Transcript, follow
from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.contents import Contents, Keep, whole

MOST_ENGINES = 512
MOST_ENTRIES = 200_000
"""How much is kept at once: about 1 KB an entry, so at most some 200 MB only where every stream is huge."""


class Loaded:
    """An engine in hand: its state, and what its stream holds. Its transcript is kept once it was wanted."""

    def __init__(self, engine: Engine, contents: Contents, transcript: Transcript | None) -> None:
        self.engine = engine
        self.contents = contents
        self._transcript = transcript

    @property
    def owned(self) -> bool:
        """Whether the transcript is in hand."""
        return self._transcript is not None

    @property
    def transcript(self) -> Transcript:
        """The live transcript, for commands of our own."""
        if self._transcript is None:
            raise LookupError("the transcript of an engine that is observed is not folded")
        return self._transcript

    def move(self, event: Event) -> None:
        """Move the state on by an event."""
        self.engine = evolve(self.engine, event)
        if self._transcript is not None:
            self._transcript = follow(self._transcript, event)

    @property
    def state(self) -> tuple[Engine, Transcript | None]:
        """All that moves, to go back to."""
        return self.engine, self._transcript

    def go_back(self, state: tuple[Engine, Transcript | None]) -> None:
        """Go back to a state, because what was decided since is refused."""
        self.engine, self._transcript = state
        self.contents.give_back()


class Engines:
    """Loads engines and keeps those that were used last."""

    def __init__(self, ledger: Ledger, keep: Keep = whole) -> None:
        self._ledger = ledger
        self._keep = keep
        self._loaded: OrderedDict[tuple[str, str], Loaded] = OrderedDict()

    def get(self, gateway: str, engine_key: str, *, owned: bool = False) -> Loaded:
        """Give an engine, loaded from its stream if it is not in hand (if it is `owned`, with its transcript)."""
        key = (gateway, engine_key)
        loaded = self._loaded.get(key)
        if loaded is None or (owned and not loaded.owned):
            loaded = self._loaded[key] = self._load(gateway, engine_key, owned)
        self._loaded.move_to_end(key)
        return loaded

    def lacks_transcript(self, gateway: str, engine_key: str) -> bool:
        """Say whether an engine is in hand as one that is observed only."""
        loaded = self._loaded.get((gateway, engine_key))
        return loaded is not None and not loaded.owned

    def forget(self, gateway: str, engine_key: str) -> None:
        """Let go of an engine whose state is no longer that of its stream."""
        self._loaded.pop((gateway, engine_key), None)

    def trim(self) -> None:
        """Let go of the engines that were used longest ago, down to the limits. Nothing may be pending."""
        entries = sum(len(loaded.engine.roster) for loaded in self._loaded.values())
        while len(self._loaded) > 1 and (len(self._loaded) > MOST_ENGINES or entries > MOST_ENTRIES):
            _key, loaded = self._loaded.popitem(last=False)
            entries -= len(loaded.engine.roster)

    def _load(self, gateway: str, engine_key: str, owned: bool) -> Loaded:
        loaded = Loaded(FRESH, Contents(self._ledger.content_key, self._keep), NOTHING if owned else None)
        for row in self._ledger.stream(gateway, engine_key):
            loaded.move(decode(row.payload))
        if loaded.engine is not FRESH:
            for entry, revision, equality in self._ledger.equalities(gateway, engine_key):
                digest = loaded.engine.roster.digests.get(Reference(entry, revision))
                if (
                    digest is not None
                ):  # else another writer added it since the stream was read: our append will conflict
                    loaded.contents.hold(equality, digest)
        return loaded
