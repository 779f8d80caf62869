"""What the clients of a service send: observed calls, alone and in batches, and commands of engines of their own."""

import json
from collections.abc import Iterator
from hashlib import sha256
from random import Random
from typing import Any

from msgspec import Struct

from domain.keys import mint_engine_key

GATEWAY = "laptop"
OBSERVED = "agent:main:main"
"""A stream that all clients send to."""
TICKS = "agent:main:main:heartbeat"
"""The routing key of all isolated ticks: each touches its stream besides the one of its own engine key."""
OWNED = "agent:runtime:main"
"""An engine that all clients command."""
PROMPTS_BEGIN = 1795423162000


class Sent(Struct, frozen=True):
    """What must come of one delivery: events in these streams, with these contents in the first of them.

    A command that is known by its advancement key only has no delivery's id. `fingerprint` is of an observed line.
    """

    delivery_id: str | None
    engine_keys: tuple[str, ...]
    contents: tuple[bytes, ...]
    fingerprint: bytes | None = None
    advancement_key: str | None = None


class Post(Struct, frozen=True):
    """A request: one command, or as many lines as it has deliveries."""

    path: str
    body: bytes
    deliveries: tuple[Sent, ...]

    @property
    def observes(self) -> bool:
        return self.path.startswith("/v1/observations")


class Sender:
    """Makes up what one client sends. Nothing comes twice, from whatever sender."""

    def __init__(self, name: str, random: Random) -> None:
        self._name, self._random = name, random
        self._own, self._engine = f"agent:{name}:main", f"agent:runtime-{name}:main"
        self._count = 0

    def posts(self) -> Iterator[Post]:
        """Give one request after the other, without end; each counts on those before it."""
        yield self._command("open", self._engine, (), session_id=self._name)
        yield self._command("open", OWNED, (), resume=True, writes=False)
        while True:
            match self._random.randrange(5):
                case 0:
                    yield self._observed([self._ingest()])
                case 1:
                    yield self._observed([self._ingest() for _ in range(self._random.randint(2, 8))])
                case 2:
                    yield self._observed(self._tick())
                case 3:
                    yield self._record(self._random.choice([self._engine, OWNED]))
                case _:
                    yield from self._turn()

    def _observed(self, lines: list[tuple[bytes, Sent]]) -> Post:
        body = b"\n".join(line for line, _sent in lines)
        return Post(f"/v1/observations?gateway={GATEWAY}", body, tuple(sent for _line, sent in lines))

    def _ingest(self) -> tuple[bytes, Sent]:
        key, message = self._random.choice([self._own, OBSERVED]), self._message("user")
        params = b'{"sessionId":"s","sessionKey":%b,"message":%b}' % (_json(key), message)
        return self._line("ingest", params, (key,), (message,))

    def _tick(self) -> list[tuple[bytes, Sent]]:
        """A tick in an engine of its own: it begins and settles in the stream of its routing key besides."""
        session = self._id("tick")
        key = mint_engine_key(TICKS, session)
        keys = b'"sessionId":%b,"sessionKey":%b' % (_json(session), _json(TICKS))
        prompt, reply = self._message("user"), self._message("assistant")
        named = b',"engine_key":%b' % _json(key)
        messages = b'"messages":[%b,%b],"advancementKey":%b' % (prompt, reply, _json(session))
        return [
            self._line("bootstrap", b"{%b}" % keys, (key, TICKS), (), named),
            self._line("maintain", b"{%b}" % keys, (key,), (), named),
            self._line("commitTurn", b"{%b,%b}" % (keys, messages), (key, TICKS), (prompt, reply), named),
        ]

    def _line(
        self, method: str, params: bytes, keys: tuple[str, ...], contents: tuple[bytes, ...], named: bytes = b""
    ) -> tuple[bytes, Sent]:
        delivery = self._id("line")
        line = b'{"ts":"2026-11-23T08:00:00Z","id":%b,"method":"%b","params":%b%b}' % (
            _json(delivery),
            method.encode(),
            params,
            named,
        )
        return line, Sent(delivery, keys, contents, sha256(line).digest())

    def _record(self, key: str) -> Post:
        message = self._message("toolResult")
        return self._command("record-entries", key, (message,), session_id=self._name, messages=[message])

    def _turn(self) -> Iterator[Post]:
        prompt, reply = self._message("user"), self._message("assistant")
        text = _json(self._id("prompt"))
        yield self._command("assemble", self._engine, (text,), session_id=self._name, budget=500, prompt=text)
        yield self._command(
            "commit-turn",
            self._engine,
            (prompt, reply),
            named=self._random.random() < 0.5,
            session_id=self._name,
            messages=[prompt, reply],
            advancement_key=self._id("turn"),
        )

    def _command(
        self,
        command: str,
        key: str,
        contents: tuple[bytes, ...],
        *,
        named: bool = True,
        writes: bool = True,
        **fields: Any,
    ) -> Post:
        delivery = self._id(command) if named else None
        asked = {"gateway": GATEWAY, "engine_key": key, "delivery_id": delivery, **fields}
        body = b",".join(_json(name) + b":" + _value(value) for name, value in asked.items() if value is not None)
        sent = Sent(delivery, (key,) if writes else (), contents, advancement_key=fields.get("advancement_key"))
        return Post(f"/v1/engine/{command}", b"{%b}" % body, (sent,))

    def _message(self, role: str) -> bytes:
        number = self._id("")
        d = {"user": "idempotencyKey", "assistant": "responseId", "toolResult": "toolCallId"}[role]
        at = PROMPTS_BEGIN + self._count
        return _json({"role": role, "timestamp": at, d: f"{self._name}x{number}", "content": f"{role} {number}"})

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._name}-{self._count}"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _value(value: object) -> bytes:
    match value:
        case bytes():
            return value
        case list():
            return b"[%b]" % b",".join(_value(one) for one in value)
        case _:
            return _json(value)
