"""What a cache trace says was submitted to the model, as commands for the engine that had assembled it."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from msgspec import Struct, json

from domain import commands as ask
from domain.commands import Command
from domain.entries import Identity, estimated_tokens
from infrastructure.openclaw.described import described
from infrastructure.openclaw.facts import text_seen
from infrastructure.openclaw.lossless import text_of
from infrastructure.openclaw.messages import decode_message, occurrence_discriminators
from infrastructure.openclaw.trace import PROMPTED, SUBMITTED, Position, Stage, replaced
from infrastructure.recorder.contents import Contents, Described

MOST_FINGERPRINTS = 4_096
"""How many messages are remembered by the host's fingerprint, to know those again that it cut away later."""

MOST_RUNS = 1_024
"""How many runs' prompts are remembered until they are submitted."""


class Submission(Struct, frozen=True):
    """A submitted context: its messages (None where the host cut them away), and its prompt, as JSON text."""

    stage: Stage
    messages: tuple[bytes | None, ...]
    prompt: bytes | None


class Submissions:
    """Reads the stages of one trace in order: prompts and fingerprints are told by earlier lines.

    A run that is tried again has a prompt for each attempt, so each submission keeps the one that stood before it.
    `kept` gives a message that the host keeps elsewhere, by its fingerprint: this trace may show it only cut.
    """

    def __init__(self, kept: Callable[[str], bytes | None] | None = None) -> None:
        self._kept = kept
        self._prompts: OrderedDict[str, bytes] = OrderedDict()
        self._known: OrderedDict[str, bytes] = OrderedDict()

    def take(self, stage: Stage) -> Submission | None:
        """Take note of a stage; give the submission if it is one."""
        for position in stage.positions:
            if position.fingerprint and position.raw is not None and not position.truncated:
                _remember(self._known, position.fingerprint, position.raw, MOST_FINGERPRINTS)
        if stage.stage == PROMPTED and stage.run_id and stage.prompt:
            _remember(self._prompts, stage.run_id, stage.prompt, MOST_RUNS)
        if stage.stage != SUBMITTED:
            return None
        messages = tuple(self._bytes_of(position) for position in stage.positions)
        return Submission(stage, messages, self._prompts.get(stage.run_id or ""))

    def _bytes_of(self, position: Position) -> bytes | None:
        """Give a message whole where it can be had: from this line, or from an earlier one by its fingerprint."""
        if position.raw is not None and not position.truncated:
            return position.raw
        fingerprint = position.fingerprint or ""
        whole = self._known.get(fingerprint) or (self._kept(fingerprint) if self._kept and fingerprint else None)
        return whole or position.raw


def facts_of_submission(submission: Submission, delivery_id: str, contents: Contents) -> Sequence[Command]:
    """Give what a submission says."""
    stage, messages = submission.stage, submission.messages
    cut = [position.truncated and raw == position.raw for position, raw in zip(stage.positions, messages, strict=True)]
    read = [None if raw is None else decode_message(raw, f"messages[{n}]") for n, raw in enumerate(messages)]
    discriminators = occurrence_discriminators(read)
    stubs = [_stub(position) if raw is None else raw for position, raw in zip(stage.positions, messages, strict=True)]

    def describe(place: int, raw: bytes) -> Described:
        message = read[place]
        if message is None:
            return _cut_away(stage.positions[place])
        return described(message, raw, discriminator=discriminators[place], truncated=cut[place])

    met = contents.meet(stubs, describe)
    return [
        ask.SubmitPrompt(
            at=stage.at,
            delivery_id=delivery_id,
            session_id=stage.session_id or "",
            digests=met.digests,
            novel=met.novel,
            prompt=text_seen(submission.prompt, contents),
            run_id=stage.run_id,
            model=stage.model_id,
            truncated=sum(raw is None for raw in messages) + sum(cut),
            system=_system_tokens(stage),
        )
    ]


def _system_tokens(stage: Stage) -> int | None:
    """Estimate the tokens of the system prompt, where the host wrote it down. (Tools' definitions it never does.)"""
    if stage.system is None or replaced(stage.system):
        return None
    return estimated_tokens(len(text_of(stage.system)))


def _cut_away(position: Position) -> Described:
    """A message of which only role and fingerprint are left is known by these, and by nothing else."""
    return Described(Identity(position.role or "unknown", None, f"fingerprint:{position.fingerprint}"), 0, True)


def _stub(position: Position) -> bytes:
    return json.encode({"role": position.role, "fingerprint": position.fingerprint, "truncated": True})


def _remember(memory: "OrderedDict[str, bytes]", key: str, value: bytes, most: int) -> None:
    memory[key] = value
    if len(memory) > most:
        memory.popitem(last=False)
