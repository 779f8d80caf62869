"""Recording into a service: the raw lines go there, in chunks, and it says of each what became of it."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Raw, Struct, json

from domain.errors import HeartlineError
from infrastructure.answers.objects import LinesAnswer
from infrastructure.answers.times import rfc3339
from infrastructure.openclaw.importer import NamedEngines, observed_in
from infrastructure.openclaw.importing import Outcome, Submitted
from infrastructure.openclaw.lossless import elements, members
from infrastructure.openclaw.observed import KeyedBy
from infrastructure.openclaw.trace import PROMPTED
from infrastructure.remote.decoding import decoded
from infrastructure.remote.errors import NotAService
from infrastructure.remote.service import LONG_PATIENCE_SECONDS, NDJSON, RemoteService

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class _Named(Struct, frozen=True):
    gateway: str


class _Preface(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A stage that tells what earlier ones of its trace had told, in the trace's own form."""

    ts: str
    stage: str
    session_id: str
    session_key: str
    run_id: Raw | None = None
    prompt: Raw | None = None
    messages: list[Raw] = []
    message_fingerprints: list[Raw] = []


class RemoteEnd:
    """Records the lines of one recording, and of the cache trace beside it, into a service."""

    def __init__(self, service: RemoteService, keyed_by: KeyedBy) -> None:
        self._service = service
        self._keyed_by: KeyedBy = keyed_by
        self._named = NamedEngines()

    def name_gateway(self, source: bytes, proposed: str) -> str:
        """Give the name that is kept for the gateway of a source: the proposed one if it is free."""
        asked = json.encode({"source": source.hex(), "proposed": proposed})
        return decoded(self._service.post("/v1/gateways", asked), _Named).gateway

    def observe(self, gateway: str, lines: Sequence[bytes]) -> Sequence[Outcome]:
        """Record some lines of a lifecycle recording."""
        self._learn(gateway, lines)
        return outcomes_of(self._sent("/v1/observations", gateway, lines, None), len(lines))

    def submit(self, gateway: str, submitted: Sequence[Submitted]) -> Sequence[Outcome]:
        """Record what some lines of its cache trace say. A request holds those of one engine that its calls named, or
        of all that named none.
        """
        outcomes: list[Outcome] = []
        for engine_key, group in groupby(submitted, lambda one: self._named.of(one.submission.stage.session_id)):
            lines, places = with_prefaces(list(group))
            answered = outcomes_of(self._sent("/v1/submissions", gateway, lines, engine_key), len(lines))
            outcomes += [answered[place] for place in places]
        return outcomes

    def _learn(self, gateway: str, lines: Sequence[bytes]) -> None:
        for line in lines:
            if b'"engine_key"' not in line:
                continue
            try:
                observed = observed_in(line, gateway, self._keyed_by)
            except HeartlineError:
                continue  # the service will say so
            if observed is not None:
                self._named.learn(observed.call)

    def _sent(self, path: str, gateway: str, lines: Sequence[bytes], engine_key: str | None) -> LinesAnswer:
        parameters = {"gateway": gateway, "engine_keyed_by": self._keyed_by, "engine_key": engine_key}
        answer = self._service.post(path, body_of(lines), parameters, media_type=NDJSON, patience=LONG_PATIENCE_SECONDS)
        return decoded(answer, LinesAnswer)


def body_of(lines: Sequence[bytes]) -> bytes:
    """Write lines so that `read_lines` gives each back as it is: it takes one `\\r` from the end of a line, and a byte
    order mark from the beginning of the first.
    """
    first = _BYTE_ORDER_MARK if lines and lines[0].startswith(_BYTE_ORDER_MARK) else b""
    return first + b"".join(line + (b"\r\n" if line.endswith(b"\r") else b"\n") for line in lines)


def outcomes_of(answer: LinesAnswer, count: int) -> list[Outcome]:
    """Give what became of each of so many lines that were sent, in their order.

    Raises:
        NotAService: the service speaks of other lines.
    """
    by_number = {one.line: one for one in answer.lines}
    if len(answer.lines) != count or set(by_number) != set(range(1, count + 1)):
        raise NotAService(
            f"The service answered for other lines than the {count} that were sent: what version is it of?"
        )
    return [
        Outcome(one.outcome, one.events, one.engine_keys, one.reason, one.gateway)
        for _number, one in sorted(by_number.items())
    ]


def with_prefaces(submitted: Sequence[Submitted]) -> tuple[list[bytes], list[int]]:
    """Give the lines that tell a service what was submitted, and where among them each of these stands.

    What a line says hangs on lines before it, anywhere in its trace: the prompt of its run, and whole messages that the
    host cut later. So each is sent with a stage before it that tells just that, and requests can be cut anywhere
    between such pairs. Stages that say nothing to it are not sent.
    """
    lines: list[bytes] = []
    places: list[int] = []
    for one in submitted:
        lines += preface_of(one)
        places.append(len(lines))
        lines.append(one.content)
    return lines, places


def preface_of(submitted: Submitted) -> Iterator[bytes]:
    """Give the stage that must stand before a submitted line, where one must."""
    submission, stage = submitted.submission, submitted.submission.stage
    restored = [
        (place, raw, position.fingerprint or "")
        for place, (raw, position) in enumerate(zip(submission.messages, stage.positions, strict=True))
        if raw is not None and raw is not position.raw
    ]
    if submission.prompt is None and not restored:
        return
    yield json.encode(
        _Preface(
            ts=rfc3339(stage.at),
            stage=PROMPTED,
            session_id=stage.session_id or "",
            session_key=stage.session_key or "",
            run_id=_as_written(stage.run_id or "", submitted.content, "runId"),
            prompt=None if submission.prompt is None else Raw(submission.prompt),
            messages=[Raw(raw) for _place, raw, _fingerprint in restored],
            message_fingerprints=[
                _as_written(fingerprint, submitted.content, "messageFingerprints", place)
                for place, _raw, fingerprint in restored
            ],
        )
    )


def _as_written(legible: str, line: bytes, member: str, place: int | None = None) -> Raw:
    """Give the JSON of a text as its line has it: what was made legible would not be the same once more."""
    if "\\" not in legible:
        return Raw(json.encode(legible))
    written = members(line)[member]
    return Raw(written if place is None else elements(written)[place])
