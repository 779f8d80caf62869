"""The generated gateway: agents side by side, and what a recorder there writes, in the order of time."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush, heapreplace
from math import isqrt

from msgspec import Struct

from infrastructure.openclaw.generate.agent import Agent, replacement_at
from infrastructure.openclaw.generate.chance import Chance
from infrastructure.openclaw.generate.script import Told
from infrastructure.openclaw.generate.times import BEGIN, HOUR
from infrastructure.openclaw.generate.turn import Host

MOST_OVER = 200
"""How many events there are more than were asked for, at most."""

_MOST_AT_ONCE = 20
_LEAST_QUOTA, _MOST_QUOTA = 1_000, 25_000


class Plan(Struct, frozen=True):
    """What is generated: a recording of which a ledger makes `events` events, and at most MOST_OVER more.

    With `bug` isolated heartbeats share one engine key and replay each other.
    """

    events: int
    seed: int = 0
    bug: bool = False

    @property
    def source(self) -> str:
        """What it is called where a file would be named."""
        return f"generate --events {self.events} --seed {self.seed}{' --bug' if self.bug else ''}"

    @property
    def at_once(self) -> int:
        """How many agents there are side by side."""
        return min(max(isqrt(self.events) // 50, 2), _MOST_AT_ONCE)

    @property
    def quota(self) -> int:
        """How many events an agent comes to before another takes its place."""
        return min(max(self.events // (2 * self.at_once), _LEAST_QUOTA), _MOST_QUOTA)


def generated(plan: Plan) -> Iterator[Told]:
    """Generate a recording, line by line: the same for the same plan, in memory that does not grow with it.

    What begins is ended, so nothing new begins once the lines to come make enough events.
    """
    host = Host(Chance(plan.seed, plan.source))
    quotas = [plan.quota * (place + 1) // plan.at_once for place in range(plan.at_once)]
    agents = [
        Agent(host, number, BEGIN + host.chance.below(12 * HOUR), quota, bug=plan.bug)
        for number, quota in enumerate(quotas)
    ]
    due = [(agent.due, number, agent) for number, agent in enumerate(agents)]
    heapify(due)
    hired = len(agents)
    begun = events = 0
    waiting: list[tuple[int, int, Told]] = []
    while events < plan.events:
        at, number, agent = due[0]
        while waiting and waiting[0][0] < at:
            yield heappop(waiting)[2]
        script = agent.act()
        events += script.events
        for told in script.told:
            begun += 1
            heappush(waiting, (told.at, begun, told))
        if agent.retired:
            number, hired = hired, hired + 1
            agent = Agent(host, number, replacement_at(host, script.now), plan.quota, bug=plan.bug)
        heapreplace(due, (agent.due, number, agent))
    while waiting:
        yield heappop(waiting)[2]
