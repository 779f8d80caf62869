"""Keys: which engine a call belongs to, which route it was delivered by, which partition holds it.

A *routing key* is stable: delivery, wake-ups and configuration hang on it. An *engine key* is the identity of
context state. They are the same text but for an isolated tick, whose engine key is `<base>:heartbeat-run:<session id>`
while its routing key stays `<base>:heartbeat`.
"""

import re
from functools import lru_cache
from hashlib import sha256
from typing import Literal
from uuid import UUID

from domain.errors import WrongUsage

HEARTBEAT = ":heartbeat"
"""The suffix that the host gives to the session of isolated heartbeats."""

HEARTBEAT_RUN = ":heartbeat-run:"
"""Stands between the base and the session id in the engine key of one isolated tick."""

GATEWAY_FORM = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""How a gateway's name is written."""

Kind = Literal["main", "heartbeat", "heartbeat-run", "subagent", "cron", "global", "other"]


class BadGateway(WrongUsage):
    """The name given for a gateway is not one."""

    code = "bad-gateway"


def check_gateway(name: str) -> str:
    """Give the name back if it is one for a gateway.

    Raises:
        BadGateway: it has another form than `[a-z0-9][a-z0-9._-]{0,63}`.
    """
    if not GATEWAY_FORM.fullmatch(name):
        raise BadGateway(
            f"{name!r} can't name a gateway: use 1 to 64 of a-z, 0-9, '.', '_' and '-', first a letter or a digit."
        )
    return name


def kind_of(engine_key: str) -> Kind:
    """Say what an engine key is for, from its form alone (`agent:<agent>:<rest>`, or `global`)."""
    if HEARTBEAT_RUN in engine_key:
        return "heartbeat-run"
    if engine_key.endswith(HEARTBEAT):
        return "heartbeat"
    rest = engine_key.split(":", 2)[2] if engine_key.startswith("agent:") and engine_key.count(":") > 1 else ""
    if engine_key == "global" or rest == "global":
        return "global"
    if rest == "main":
        return "main"
    if rest.startswith("subagent:"):
        return "subagent"
    if rest.startswith("cron:"):
        return "cron"
    return "other"


def agent_of(key: str) -> str | None:
    """Give the agent that a key of the form `agent:<agent>:<rest>` names."""
    parts = key.split(":", 2)
    return parts[1] if len(parts) > 2 and parts[0] == "agent" and parts[1] else None


def mint_engine_key(routing_key: str, session_id: str) -> str:
    """Mint the engine key of one isolated tick from its routing key (`<base>:heartbeat`) and its session id."""
    return f"{routing_key.removesuffix(HEARTBEAT)}{HEARTBEAT_RUN}{session_id}"


def routing_key_of(engine_key: str) -> str:
    """Give the routing key that an engine key was minted for; any other key routes by itself."""
    base, mark, _session_id = engine_key.rpartition(HEARTBEAT_RUN)
    return base + HEARTBEAT if mark else engine_key


def heartbeat_routing_key(session_key: str, remembered_base: str | None = None) -> str:
    """Give the routing key of isolated heartbeats for a session, so that re-entry converges.

    A wake that is fired inside an isolated run arrives with the `…:heartbeat` key. The session entry remembers the base
    that it was made for; with it, any number of suffixes collapses onto one. Without it the key is itself a base, also
    one that legitimately ends in `:heartbeat`, and gets a sibling of its own. (Host issue 59493.)
    """
    if remembered_base is not None:
        rest = session_key.removeprefix(remembered_base)
        if session_key.startswith(remembered_base) and rest == HEARTBEAT * (len(rest) // len(HEARTBEAT)):
            return remembered_base + HEARTBEAT
    return session_key + HEARTBEAT


def tick_id(routing_key: str, session_id: str, first_message_ms: int | None = None) -> str:
    """Name a tick: by its fresh session if it is isolated, else also by the time (ms) of its first user message."""
    name = f"{routing_key}@{session_id}"
    return name if first_message_ms is None else f"{name}@{first_message_ms}"


@lru_cache(maxsize=4_096)
def stream_digest(gateway: str, engine_key: str) -> bytes:
    """Digest (32 bytes) of the length-prefixed gateway and engine key: where a stream lies hangs on nothing else."""
    parts = (part.encode() for part in (gateway, engine_key))
    return sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def stream_id(gateway: str, engine_key: str) -> UUID:
    """Name a stream in 16 bytes, so that keys of any length can be indexed."""
    return UUID(bytes=stream_digest(gateway, engine_key)[8:24])


def partition_of(gateway: str, engine_key: str, partitions: int) -> int:
    """Give the partition (0 … partitions - 1) of a stream: the first 8 bytes of its digest, modulo."""
    return int.from_bytes(stream_digest(gateway, engine_key)[:8], "big") % partitions
