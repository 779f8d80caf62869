"""Interleaving: every peer once a round, in turns first, so that whatever else the machine does meets them alike."""

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct


class Options(Struct, frozen=True):
    """How long to measure: `rounds` of each peer, `seconds` each; `megabytes` of the big file that is imported;
    `events` of the ledger that is rebuilt and asked.

    `recording` is what is repeated in it, None for the sample.
    """

    rounds: int = 7
    seconds: float = 1.0
    megabytes: int = 200
    events: int = 100_000
    recording: Path | None = None


def interleave(rounds: int, peers: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Measure each peer once a round; the order turns with every round. A first round warms up and is not kept."""
    names = list(peers)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        turned = names[number % len(names) :] + names[: number % len(names)]
        for name in turned:
            value = peers[name]()
            if number:
                found[name].append(value)
    return found
