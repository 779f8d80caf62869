"""Importing recordings into a ledger at hand."""

from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct

from domain.errors import HeartlineError
from domain.keys import check_gateway
from infrastructure.ledger.hints import GatheringTeller
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.calls import Call
from infrastructure.openclaw.gateways import kept_name
from infrastructure.openclaw.importing import Importing, Outcome, Submitted
from infrastructure.openclaw.kept import KEEP, ContentPolicy
from infrastructure.openclaw.observed import KeyedBy, engine_key_for, engine_key_of, parts_of
from infrastructure.openclaw.submitted import facts_of_submission
from infrastructure.openclaw.wire import decode_call
from infrastructure.recorder.deliveries import Delivery, Part, Recorded
from infrastructure.recorder.recorder import Recorder

_IGNORED = Outcome("ignored")


class Importer(Importing):
    """Imports recordings into a ledger."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        gateway: str | None = None,
        keyed_by: KeyedBy = "session-key",
        content: ContentPolicy = "full",
    ) -> None:
        super().__init__(LedgerEnd(ledger, keyed_by, content), gateway=gateway)


class LedgerEnd:
    """Records the lines of one recording, and of the cache trace beside it, into a ledger."""

    def __init__(self, ledger: Ledger, keyed_by: KeyedBy, content: ContentPolicy = "full") -> None:
        self._ledger = ledger
        self._recorder = Recorder(ledger, KEEP[content])
        self._teller = GatheringTeller(seconds=0)  # a batch is large, and nobody tells later what the last one left
        self._keyed_by: KeyedBy = keyed_by
        self._named = NamedEngines()

    def name_gateway(self, source: bytes, proposed: str) -> str:
        """Give the name that is kept for the gateway of a source: the proposed one if it is free."""
        return kept_name(self._ledger, source, proposed)

    def observe(self, gateway: str, lines: Sequence[bytes]) -> Sequence[Outcome]:
        """Record some lines of a lifecycle recording."""
        outcomes: list[Outcome | None] = []
        deliveries: list[Delivery] = []
        for line in lines:
            try:
                observed = observed_in(line, gateway, self._keyed_by)
            except HeartlineError as error:
                outcomes.append(Outcome("rejected", reason=str(error)))
                continue
            if observed is None:
                outcomes.append(_IGNORED)
                continue
            self._named.learn(observed.call)
            outcomes.append(None)
            deliveries.append(observed.delivery)
        recorded = iter(zip(deliveries, self._record(deliveries), strict=True))
        return [outcome or outcome_of(*next(recorded)) for outcome in outcomes]

    def submit(self, gateway: str, submitted: Sequence[Submitted]) -> Sequence[Outcome]:
        """Record what some lines of its cache trace say."""
        deliveries = [
            delivery_of(one, gateway, self._named.of(one.submission.stage.session_id), self._keyed_by)
            for one in submitted
        ]
        answers = self._record(deliveries)
        return [outcome_of(delivery, answer) for delivery, answer in zip(deliveries, answers, strict=True)]

    def _record(self, deliveries: Sequence[Delivery]) -> Sequence[Recorded]:
        """Record a batch, and hint at it to those who follow the ledger."""
        answers = self._recorder.record(deliveries)
        for delivery, answer in zip(deliveries, answers, strict=True):
            if answer.events:
                self._teller.note(self._ledger.partition_of(delivery.gateway, one) for one in answer.engine_keys)
        self._teller.tell(self._ledger.connection)
        return answers


class NamedEngines:
    """Remembers which engine the calls of a session named: its cache trace does not say so."""

    def __init__(self) -> None:
        self._engine_keys: dict[str, str] = {}

    def learn(self, call: Call) -> None:
        """Take note of a call."""
        if call.session_id and call.engine_key:
            self._engine_keys[call.session_id] = call.engine_key

    def of(self, session_id: str | None) -> str | None:
        """Give the engine that a session named; None where it named none."""
        return self._engine_keys.get(session_id or "")


class Observed(Struct, frozen=True):
    """A line of a lifecycle recording that changes an engine."""

    call: Call
    delivery: Delivery


def observed_in(line: bytes, gateway: str, keyed_by: KeyedBy) -> Observed | None:
    """Read a line of a lifecycle recording; None where its call changes no engine.

    Raises:
        BadLine, BadGateway: it can't be recorded.
    """
    call = decode_call(line)
    engine_key = engine_key_of(call, keyed_by)
    gateway = check_gateway(call.gateway) if call.gateway else gateway
    if engine_key is None:
        return None
    fingerprint = sha256(line).digest()
    named = call.delivery_id != fingerprint.hex()
    return Observed(call, Delivery(gateway, call.delivery_id, fingerprint, parts_of(call, engine_key), named))


def delivery_of(submitted: Submitted, gateway: str, engine_key: str | None, keyed_by: KeyedBy) -> Delivery:
    """Make what is delivered of a submitted context, to this engine or to that of its session."""
    submission = submitted.submission
    session_key, session_id = submission.stage.session_key or "", submission.stage.session_id or ""
    fingerprint = sha256(submitted.content).digest()
    delivery_id = fingerprint.hex()
    part = Part(
        engine_key or engine_key_for(session_key, session_id, keyed_by),
        lambda loaded: facts_of_submission(submission, delivery_id, loaded.contents),
    )
    return Delivery(gateway, delivery_id, fingerprint, [part])


def outcome_of(delivery: Delivery, answer: Recorded) -> Outcome:
    """Say of a delivery's line what became of it."""
    if answer.error is None:
        return Outcome(answer.outcome, answer.events, answer.engine_keys, gateway=delivery.gateway)
    return Outcome(answer.outcome, reason=answer.reason)
