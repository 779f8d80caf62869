"""Lines as deliveries: what the recorder takes, of one call of a recording or one stage of a cache trace."""

from hashlib import sha256

from domain.keys import check_gateway
from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.lines import Line
from infrastructure.openclaw.observed import KeyedBy, engine_key_for, engine_key_of, parts_of
from infrastructure.openclaw.submitted import Submissions, facts_of_submission
from infrastructure.openclaw.trace import Stage, decode_stage
from infrastructure.openclaw.wire import decode_call
from infrastructure.recorder.deliveries import Delivery, Part


def call_delivery(line: Line, gateway: str | None, keyed_by: KeyedBy) -> Delivery | None:
    """Give what a line of a recording delivers; None where it changes no engine. `gateway` is for calls that name none.

    Raises:
        BadLine, HeartlineError: the line can't be recorded.
    """
    content = content_of(line)
    call = decode_call(content)
    engine_key = engine_key_of(call, keyed_by)
    if engine_key is None:
        return None
    fingerprint = sha256(content).digest()
    named = call.delivery_id != fingerprint.hex()
    to = check_gateway(call.gateway) if call.gateway else gateway
    if to is None:
        raise BadLine("the call names no `gateway`, nor does the request")
    return Delivery(to, call.delivery_id, fingerprint, parts_of(call, engine_key), named)


def submission_delivery(
    line: Line, stage: Stage, submissions: Submissions, gateway: str, engine_key: str
) -> Delivery | None:
    """Give what a stage of a trace delivers to an engine; None where it submits nothing."""
    submission = submissions.take(stage)
    if submission is None:
        return None
    fingerprint = sha256(content_of(line)).digest()
    delivery_id = fingerprint.hex()
    part = Part(engine_key, lambda loaded: facts_of_submission(submission, delivery_id, loaded.contents))
    return Delivery(gateway, delivery_id, fingerprint, [part])


def stage_of(line: Line) -> Stage:
    """Read a line of a cache trace.

    Raises:
        BadLine: it is none.
    """
    return decode_stage(content_of(line))


def submitted_engine_key(stage: Stage, keyed_by: KeyedBy) -> str:
    """Give the engine key that a stage's session has, unless a recording named another."""
    return engine_key_for(stage.session_key or "", stage.session_id or "", keyed_by)


def content_of(line: Line) -> bytes:
    """Give a line's bytes.

    Raises:
        BadLine: it could not be read.
    """
    if line.content is None:
        raise BadLine(line.problem or "unreadable")
    return line.content
