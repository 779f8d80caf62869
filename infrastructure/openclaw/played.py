"""The host, played: how its current release calls an engine, and the messages that it delivers.

The sample incident and the generator tell their stories through it, so there is one account of the host's shapes. Keys
stand in the order of the host.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

Json = dict[str, Any]

CONTINUE = (
    "Continue the current task from the existing transcript, preserving completed work. If an action was interrupted, "
    "look at its state before you retry it."
)


class Model(Struct, frozen=True):
    """The model that an agent runs on; `window` is in tokens."""

    api: str
    provider: str
    name: str
    window: int

    @property
    def named(self) -> Json:
        """Its names, as messages carry them."""
        return {"api": self.api, "provider": self.provider, "model": self.name}

    @property
    def runtime(self) -> Json:
        """What the host says of it in every call."""
        return {"provider": self.provider, "modelId": self.name, "tokenBudget": self.window}


class Seat(Struct, frozen=True):
    """A session of the host: its key and id, the agent that it belongs to, the store that it lies in, its model."""

    agent: str
    session_id: str
    session_key: str
    store: str
    model: Model

    @property
    def named(self) -> Json:
        """Its id and key, as calls carry them."""
        return {"sessionId": self.session_id, "sessionKey": self.session_key}

    @property
    def place(self) -> Json:
        """Where its transcript lies."""
        return {"agentId": self.agent, **self.named, "storePath": self.store}

    @property
    def target(self) -> Json:
        """The same, as calls carry it."""
        return {"sessionTarget": self.place}


class Mark(Struct, frozen=True):
    """An entry of the host's transcript, by its id, the one before it, and its places in it (from 1, and from 0)."""

    entry_id: str
    parent_id: str | None
    raw_seq: int
    position: int


class HostCall(Struct, frozen=True):
    """One call of an engine; `result` is None where the engine answers nothing."""

    method: str
    params: Json
    result: Json | None = None

    def line(self, at: str, engine_key: str | None = None) -> Json:
        """Give the line that a recorder writes of it, which may name the engine that the call belongs to."""
        named = {} if engine_key is None else {"engine_key": engine_key}
        line = {"ts": at, "method": self.method, **named, "params": self.params}
        return line if self.result is None else {**line, "result": self.result}


DISPOSE = HostCall("dispose", {})


def factory(agent_folder: str, workspace: str) -> HostCall:
    """Make an instance of the engine: every turn has one of its own."""
    return HostCall("_factory", {"agentDir": agent_folder, "workspaceDir": workspace})


def bootstrap(seat: Seat) -> HostCall:
    """Open a session for the engine."""
    params = {**seat.named, **seat.target, "sessionFile": seat.session_key, "runtimeContext": seat.model.runtime}
    return HostCall("bootstrap", params, {"bootstrapped": True, "importedMessages": 0})


def maintain(seat: Seat) -> HostCall:
    """Let the engine tidy up; it has nothing to do."""
    params = {**seat.named, **seat.target, "sessionFile": seat.session_key, "runtimeContext": seat.model.runtime}
    answer = {"changed": False, "bytesFreed": 0, "rewrittenEntries": 0, "reason": "noop"}
    return HostCall("maintain", params, answer)


def assemble(seat: Seat, history: Any, prompt: str, budget: int, answered: Any, tokens: int) -> HostCall:
    """Ask for a context. `history` and `answered` are lists of messages, or such a list as it is encoded."""
    asked = {**seat.named, "messages": history, "prompt": prompt, "tokenBudget": budget, "model": seat.model.name}
    return HostCall("assemble", asked, {"messages": answered, "estimatedTokens": tokens})


def commit_turn(
    seat: Seat, turn: str, admitted: Mark, ended: Mark, messages: Sequence[Any], *, heartbeat: bool
) -> HostCall:
    """Deliver an accepted turn."""
    admission = {
        **_marked(seat, admitted),
        "idempotencyKey": f"{turn}:user",
        "logicalTurnId": turn,
        "role": "user",
    }
    params = {
        "advancementKey": turn,
        "admission": admission,
        "terminal": _marked(seat, ended),
        "messages": messages,
        **seat.named,
        **seat.target,
        "isHeartbeat": heartbeat,
        "runtimeContext": {**seat.model.runtime, "modelContextWindow": seat.model.window},
    }
    return HostCall("commitTurn", params, {"status": "committed"})


def compact_overflow(seat: Seat, run: str, tokens: int, answer: Json) -> HostCall:
    """Have the engine compact because the provider refused a call of so many tokens."""
    circumstances = {"runId": run, "trigger": "overflow", "currentTokenCount": tokens, "attempt": 1, "maxAttempts": 3}
    return _compact(
        seat, {"currentTokenCount": tokens, "force": True, "compactionTarget": "budget"}, circumstances, answer
    )


def compact_budget(seat: Seat, tokens: int, answer: Json) -> HostCall:
    """Have the engine compact before a turn, since its context of so many tokens leaves little room."""
    circumstances = {"trigger": "budget", "currentTokenCount": tokens, "forceReason": "preflight_required"}
    return _compact(
        seat, {"currentTokenCount": tokens, "compactionTarget": "budget", "force": True}, circumstances, answer
    )


def compact_by_hand(seat: Seat, instructions: str | None, answer: Json) -> HostCall:
    """Have the engine compact because a person said `/compact`, maybe with instructions."""
    told = {} if instructions is None else {"customInstructions": instructions}
    circumstances = {**told, "trigger": "manual", "forceReason": "manual"}
    return _compact(seat, {"compactionTarget": "threshold", **told, "force": True}, circumstances, answer)


def prepare_subagent_spawn(parent_key: str, child_key: str) -> HostCall:
    """Say that a session is about to start another one."""
    params = {"parentSessionKey": parent_key, "childSessionKey": child_key, "contextMode": "isolated"}
    return HostCall("prepareSubagentSpawn", params)


def on_subagent_ended(child_key: str) -> HostCall:
    """Say that a started session has ended."""
    return HostCall("onSubagentEnded", {"childSessionKey": child_key, "reason": "completed"})


def user_message(text: str, at: int, turn: str, *, heartbeat: bool) -> Json:
    """Write what a user says, or the poll of a heartbeat; `at` is in milliseconds."""
    system = {"provenance": {"kind": "internal_system", "sourceTool": "heartbeat"}} if heartbeat else {}
    return {
        "role": "user",
        "content": text,
        "timestamp": at,
        **system,
        "idempotencyKey": f"{turn}:user",
        "__openclaw": {"senderIsOwner": not heartbeat},
    }


def assistant_message(part: Json, model: Model, usage: tuple[int, int], at: int, number: int, run: str) -> Json:
    """Write the answer to the model call of this number, a text or the call of a tool; usage is tokens in and out."""
    given, output = usage
    return {
        "role": "assistant",
        "content": [part],
        **model.named,
        "usage": {
            "input": given,
            "output": output,
            "cacheRead": 0,
            "cacheWrite": 0,
            "totalTokens": given + output,
        },
        "stopReason": "toolUse" if part["type"] == "toolCall" else "stop",
        "timestamp": at,
        "responseId": f"chatcmpl-{number}",
        "__openclaw": {"runId": run},
    }


def tool_result(called: Json, text: str, at: int, details: Json | None = None) -> Json:
    """Write what a tool answered to the message that calls it."""
    (part,) = called["content"]
    return {
        "role": "toolResult",
        "toolCallId": part["id"],
        "toolName": part["name"],
        "content": [{"type": "text", "text": text}],
        **({} if details is None else {"details": details}),
        "isError": False,
        "timestamp": at,
        "__openclaw": called["__openclaw"],
    }


def reduced(message: Json) -> Json:
    """Write a message with the ids of tool calls reduced to letters and digits, as the host does after its turn."""
    match message:
        case {"role": "assistant", "content": [{"type": "toolCall", "id": str(name)} as part]}:
            return {**message, "content": [{**part, "id": name.replace("_", "")}]}
        case {"role": "toolResult", "toolCallId": str(name)}:
            return {**message, "toolCallId": name.replace("_", "")}
        case _:
            return message


def _marked(seat: Seat, mark: Mark) -> Json:
    return {
        **seat.place,
        "entryId": mark.entry_id,
        "rawSeq": mark.raw_seq,
        "effectiveParentId": mark.parent_id,
        "activeMessagePosition": mark.position,
    }


def _compact(seat: Seat, asked: Json, circumstances: Json, answer: Json) -> HostCall:
    params = {
        **seat.named,
        **seat.target,
        "tokenBudget": seat.model.window,
        **asked,
        "runtimeContext": {**seat.model.runtime, **circumstances},
    }
    return HostCall("compact", params, answer)
