"""Services in processes of their own over one home, started again when they are dead; and what they acknowledged."""

import signal
import socket
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from infrastructure.ledger.ledger import Ledger, delivery_key
from infrastructure.ledger.verify import verify
from tests.crash.clients import Acknowledged, Clients
from tests.crash.ledgers import GAPS, rows
from tests.crash.processes import Ended, Program, kill_postgres
from tests.crash.sending import GATEWAY, Sent
from tests.infrastructure.embedded.support import until

RECOVERY_SECONDS = 60.0
"""How long a service may take to work again. (It takes two seconds, where nothing else wants the processor.)"""

NOT_STARTED = 3
"""How a service ends that comes while Postgres is recovering: whoever watches over it starts it again."""


class Served:
    """One service on a port that it keeps, however often it dies."""

    def __init__(self, home: Path) -> None:
        self._home = home
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._killed = False
        self._program = self._started()

    @property
    def listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        self._killed = True
        self._program.kill()

    def keep_up(self) -> None:
        """Start it again if it is dead; it may only have died because it was killed, or could not start."""
        if self._program.over:
            with self._program as program:
                ended = program.ended()
            assert ended.code == (-signal.SIGKILL if self._killed else NOT_STARTED), ended
            self._killed = False
            self._program = self._started()

    def stop(self) -> Ended:
        """Stop it as whoever watches over it does."""
        self._program.process.terminate()
        return self._program.ended()

    def __enter__(self) -> "Served":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program.__exit__(kind, error, trace)

    def _started(self) -> Program:
        arguments = ("serve", "--port", str(self.port), "--log-level", "warning")
        return Program(self._home, "infrastructure.cli.main", *arguments)


def kill(home: Path, services: list[Served], victim: str) -> None:
    """Kill services, or parts of the home's Postgres, or both; once there is such a Postgres."""
    number, _, part = victim.partition(" ")
    if number.isdigit():
        services[int(number)].kill()
    if part:

        def killed() -> bool:
            _keep_up(services)
            return kill_postgres(home, part)

        until(killed, victim, RECOVERY_SECONDS)


def wait_for_acknowledgements(clients: Clients, services: list[Served], more: int) -> None:
    """Wait until so many more requests were acknowledged; keep the services up meanwhile."""
    wanted = clients.count + more

    def reached() -> bool:
        clients.check()
        _keep_up(services)
        return clients.count >= wanted

    until(reached, f"{more} more are acknowledged", RECOVERY_SECONDS)


def _keep_up(services: list[Served]) -> None:
    for service in services:
        service.keep_up()


def assert_kept(ledger: Ledger, acknowledged: Iterable[Acknowledged]) -> None:
    """Assert that all that was acknowledged is there, exactly once, as it was acknowledged, and nothing else is."""
    assert verify(ledger).broken == []
    assert rows(ledger, GAPS) == []
    kept = _Kept(ledger)
    first: dict[str, Acknowledged] = {}
    for one in acknowledged:
        known = first.setdefault(one.post.body.decode(), one)
        if known is one:
            kept.take(one)
        else:
            kept.take_again(known, one)
    kept.assert_nothing_else()


class _Kept:
    """What a ledger holds, from which all that was acknowledged is taken away."""

    def __init__(self, ledger: Ledger) -> None:
        self._keys: dict[object, str] = {}
        self._versions: dict[str, list[int]] = {}
        query = "select stream, engine_key, version from heartline.events order by partition, position"
        for stream, engine_key, version in rows(ledger, query):
            self._keys[stream] = engine_key
            self._versions.setdefault(engine_key, []).append(version)
        self._deliveries: dict[bytes, dict[str, tuple[bytes, int, int]]] = {}
        query = "select delivery, stream, fingerprint, first_version, last_version from heartline.deliveries"
        for delivery, stream, *said in rows(ledger, query):
            self._deliveries.setdefault(delivery, {})[self._keys[stream]] = tuple(said)
        self._contents: dict[str, Counter[bytes]] = {key: Counter() for key in self._versions}
        for stream, content in rows(ledger, "select stream, bytes from heartline.content"):
            self._contents[self._keys[stream]][content] += 1
        self._written: dict[str, list[int]] = {key: [] for key in self._versions}

    def take(self, one: Acknowledged) -> None:
        """Take away what a request came to."""
        if not one.post.observes:
            (sent,) = one.post.deliveries
            self._take_command(sent, one)
            return
        lines = one.answer["lines"]
        assert len(lines) == len(one.post.deliveries)
        for line, sent in zip(lines, one.post.deliveries, strict=True):
            told = set(line["engine_keys"])
            assert line["outcome"] in ("recorded", "duplicate"), (line, sent)
            assert line["outcome"] == "recorded" or one.sent > 1, (line, sent)
            written = self._take_delivery(sent, one)
            assert set() < told <= written.keys(), (line, sent, written)
            if line["outcome"] == "recorded":
                assert line["events"] == sum(last - first + 1 for first, last in (written[key] for key in told))
            self._take_contents(sent)

    def take_again(self, known: Acknowledged, one: Acknowledged) -> None:
        """What was acknowledged before must be answered the same, or as a duplicate."""
        if one.post.observes:
            assert {line["outcome"] for line in one.answer["lines"]} == {"duplicate"}, one
        elif one.post.deliveries[0].engine_keys:  # else it wrote nothing, and is answered from the state of now
            changing = {"status"}  # a commit without a delivery's id is answered as a duplicate
            assert _without(one.answer, changing) == _without(known.answer, changing)

    def assert_nothing_else(self) -> None:
        """Each event belongs to one request, in streams without gaps, and each content too."""
        for key, versions in self._versions.items():
            assert versions == list(range(1, len(versions) + 1)), key
            assert sorted(self._written[key]) == versions, key
        assert not any(self._contents.values()), {key: left for key, left in self._contents.items() if left}
        assert not self._deliveries, self._deliveries

    def _take_command(self, sent: Sent, one: Acknowledged) -> None:
        (key,) = sent.engine_keys or (one.answer["engine_key"],)
        version = one.answer["version"]
        if sent.delivery_id is None:
            assert one.answer["status"] == "committed" or one.sent > 1, one
            self._written[key] += [version - 1, version]
        elif sent.engine_keys or delivery_key(GATEWAY, sent.delivery_id) in self._deliveries:
            written = self._take_delivery(sent, one)
            assert written[key][1] == version, (written, one)
        self._take_contents(sent)

    def _take_delivery(self, sent: Sent, one: Acknowledged) -> dict[str, tuple[int, int]]:
        assert sent.delivery_id is not None
        there = self._deliveries.pop(delivery_key(GATEWAY, sent.delivery_id), None)
        assert there is not None, f"{sent} is missing, of {one}"
        assert not sent.engine_keys or there.keys() == set(sent.engine_keys), (there, sent)
        for key, (fingerprint, first, last) in there.items():
            assert sent.fingerprint in (None, fingerprint)
            self._written[key] += range(first, last + 1)
        return {key: (first, last) for key, (_fingerprint, first, last) in there.items()}

    def _take_contents(self, sent: Sent) -> None:
        for content in sent.contents:
            held = self._contents[sent.engine_keys[0]]
            assert held[content] == 1, (content, held[content])
            del held[content]


def _without(answer: dict[str, object], names: set[str]) -> dict[str, object]:
    return {name: value for name, value in answer.items() if name not in names}
