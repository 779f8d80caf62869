"""A long session as a host would record it: turns of a prompt and a reply, and the context that each begins with."""

from functools import cache
from hashlib import sha256
from random import Random
from typing import Literal

import msgspec
from msgspec import Struct

BEGIN = 1_795_423_012_560
SESSION = "0b6f6c7e-6d2c-4a53-9e0e-5a1f0c1d2e3f"
WINDOW = 40
"""How many entries a host that shows the model a window hands over."""

Rewriting = Literal["appends", "rewrites"]
"""Whether the host only appends to its context, or writes every prompt anew, in another byte form, once its turn is
over: then revisions alternate along the context, and only a splice says in short what changed.
"""

_WORDS = [sha256(b"%d" % number).hexdigest()[: 3 + number % 8] for number in range(4_096)]


class Session(Struct, frozen=True):
    """The messages of a session, each the same whenever it is asked for."""

    rewriting: Rewriting

    def delivered(self, turn: int) -> list[bytes]:
        """Give what the host delivers when a turn (1, 2, …) is over."""
        return [_prompt(turn, 1), _reply(turn)]

    def history(self, turn: int) -> list[bytes]:
        """Give everything before a turn, as the host now writes it."""
        revision = 2 if self.rewriting == "rewrites" else 1
        return [one for before in range(1, turn) for one in (_prompt(before, revision), _reply(before))]

    def window(self, turn: int) -> list[bytes]:
        """Give the last entries before a turn."""
        revision = 2 if self.rewriting == "rewrites" else 1
        first = max(1, turn - WINDOW // 2)
        return [one for before in range(first, turn) for one in (_prompt(before, revision), _reply(before))]

    def lines(self, turn: int, context: list[bytes]) -> list[bytes]:
        """Give the lines of a turn in a lifecycle recording: the context is asked for; the reply is accepted."""
        messages = msgspec.Raw(b"[" + b",".join(context) + b"]")
        said = {"sessionId": SESSION, "sessionKey": "agent:main:main"}
        asked = {**said, "messages": messages, "prompt": text(turn), "tokenBudget": 1_000_000, "model": "fake-model"}
        done = {
            **said,
            "messages": [msgspec.Raw(one) for one in self.delivered(turn)],
            "advancementKey": f"turn-{turn}",
            "isHeartbeat": False,
        }
        answer = {"messages": messages, "estimatedTokens": 77 * len(context)}
        lines = (
            {"ts": _time(turn, 0), "method": "assemble", "params": asked, "result": answer},
            {"ts": _time(turn, 1), "method": "commitTurn", "params": done},
        )
        return [msgspec.json.encode(line) for line in lines]


def text(turn: int) -> str:
    """Give the text of a turn's prompt."""
    return " ".join(Random(turn).choices(_WORDS, k=16))


@cache
def _prompt(turn: int, revision: int) -> bytes:
    message: dict[str, object] = {
        "role": "user",
        "content": text(turn),
        "timestamp": BEGIN + turn * 10_000,
        "idempotencyKey": f"prompt-{turn}:user",
    }
    return msgspec.json.encode(message if revision == 1 else {**message, "details": None})


@cache
def _reply(turn: int) -> bytes:
    return msgspec.json.encode(
        {
            "role": "assistant",
            "content": [{"type": "text", "text": text(-turn)}],
            "model": "fake-model",
            "stopReason": "stop",
            "timestamp": BEGIN + turn * 10_000 + 5_000,
            "responseId": f"chatcmpl-{turn}",
        }
    )


def _time(turn: int, second: int) -> str:
    minutes, seconds = divmod(turn * 10 + second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"2026-11-23T{hours:02}:{minutes:02}:{seconds:02}.000Z"
