"""The engines that a recorder has in hand: states folded once from their streams and kept while they are used."""

from collections import OrderedDict

from domain.engine import FRESH, Engine, evolve
from domain.entries import Reference
from domain.events import decode
from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.contents import Contents

MOST_ENGINES = 512
MOST_ENTRIES = 200_000
"""How much is kept at once: about 1 KB an entry, so at most some 200 MB only where every stream is huge."""


class Loaded:
    """An engine in hand: its state, and what its stream holds."""

    def __init__(self, engine: Engine, contents: Contents) -> None:
        self.engine = engine
        self.contents = contents


class Engines:
    """Loads engines and keeps those that were used last."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._loaded: OrderedDict[tuple[str, str], Loaded] = OrderedDict()

    def get(self, gateway: str, engine_key: str) -> Loaded:
        """Give an engine, loaded from its stream if it is not in hand."""
        key = (gateway, engine_key)
        loaded = self._loaded.get(key)
        if loaded is None:
            loaded = self._loaded[key] = self._load(gateway, engine_key)
        self._loaded.move_to_end(key)
        return loaded

    def forget(self, gateway: str, engine_key: str) -> None:
        """Let go of an engine whose state is no longer that of its stream."""
        self._loaded.pop((gateway, engine_key), None)

    def trim(self) -> None:
        """Let go of the engines that were used longest ago, down to the limits. Nothing may be pending."""
        entries = sum(len(loaded.engine.roster) for loaded in self._loaded.values())
        while len(self._loaded) > 1 and (len(self._loaded) > MOST_ENGINES or entries > MOST_ENTRIES):
            _key, loaded = self._loaded.popitem(last=False)
            entries -= len(loaded.engine.roster)

    def _load(self, gateway: str, engine_key: str) -> Loaded:
        engine = FRESH
        for row in self._ledger.stream(gateway, engine_key):
            engine = evolve(engine, decode(row.payload))
        contents = Contents(self._ledger.content_key)
        if engine is not FRESH:
            for entry, revision, equality in self._ledger.equalities(gateway, engine_key):
                digest = engine.roster.digests.get(Reference(entry, revision))
                if (
                    digest is not None
                ):  # else another writer added it since the stream was read: our append will conflict
                    contents.hold(equality, digest)
        return Loaded(engine, contents)
