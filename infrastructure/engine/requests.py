"""What a runtime can ask of an engine: one Struct each, as its JSON body has it.

Fields of the types Text and Values are content: the exact bytes of the JSON values, which are kept and never written
anew. Every other text is legible (`openclaw.lossless.legible`). Counts of tokens are estimated as everywhere.
"""

from typing import Annotated, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import fields

from domain.heartbeat import Outcome, SkipReason, Source
from infrastructure.engine.errors import BadRequest
from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.lossless import legible, members
from infrastructure.openclaw.shapes import Count, Reader, Text, Values, check_line

Name = Annotated[str, Meta(min_length=1)]
"""A key or an id: any text but the empty one."""


class Request(Struct, frozen=True, kw_only=True):
    """What every request carries.

    With a `delivery_id` it is done once in its stream, however often it is sent, and answered as the first time. `at`
    is when it happened (RFC 3339), for replays; else it is the moment at which it is taken.
    """

    gateway: str
    delivery_id: Name | None = None
    at: str | None = None


class EngineRequest(Request, frozen=True, kw_only=True):
    """A request for the stream of an engine."""

    engine_key: Name

    @property
    def stream_key(self) -> str:
        """The engine key, whose stream the request is for."""
        return self.engine_key


class OpenRequest(EngineRequest, frozen=True, kw_only=True):
    """Begin the stream of an engine. By default the routing key is the one that the engine key was minted for.

    With `resume` an engine that is open already is made ready for the session instead of being refused.
    """

    routing_key: Name | None = None
    session_id: Name | None = None
    resume: bool = False


class SessionRequest(EngineRequest, frozen=True, kw_only=True):
    """A request on behalf of a session."""

    session_id: Name


class RecordRequest(SessionRequest, frozen=True, kw_only=True):
    """Take messages, in the host's format. Each needs a timestamp (ms), by which it is known again."""

    messages: Values
    heartbeat: bool | None = None


class AssembleRequest(SessionRequest, frozen=True, kw_only=True):
    """Answer with a context of at most `budget` tokens, the prompt's included."""

    budget: Count
    prompt: Text | None = None
    model: str | None = None


class CommitRequest(SessionRequest, frozen=True, kw_only=True):
    """Accept the open turn's reply, once for each advancement key, with the messages that are not recorded yet."""

    advancement_key: Name
    messages: Values = ()
    heartbeat: bool | None = None


class FailRequest(SessionRequest, frozen=True, kw_only=True):
    """End an attempt at the open turn without an accepted reply."""

    reason: str


class OverflowRequest(SessionRequest, frozen=True, kw_only=True):
    """Say that the context did not fit the model: so many tokens, against so many."""

    tokens: Count | None = None
    budget: Count | None = None


class CompactRequest(SessionRequest, frozen=True, kw_only=True):
    """Replace the oldest whole turns by a summary, so that at most `target_tokens` are left.

    The target is by default one half of what there is, or of the last context's budget if that is less. Who has a model
    hands over its `summary`, else one is made by quoting; who decided what it covers says with `first_kept` which entry
    stays first. With `force`, and after an overflow (`trigger`), something is replaced although all would fit.
    """

    trigger: str = "manual"
    target_tokens: Count | None = None
    summary: Text | None = None
    first_kept: Count | None = None
    instructions: Text | None = None
    force: bool = False
    heartbeat: bool | None = None


class MaintainRequest(SessionRequest, frozen=True, kw_only=True):
    """Give the engine time to tidy up."""


class DisposeRequest(EngineRequest, frozen=True, kw_only=True):
    """End the stream of an idle engine, for good."""

    reason: str


class TickRequest(Request, frozen=True, kw_only=True):
    """A request about a tick, for the stream of its routing key."""

    routing_key: Name

    @property
    def stream_key(self) -> str:
        """The routing key, whose stream has its ticks."""
        return self.routing_key


class DispatchRequest(TickRequest, frozen=True, kw_only=True):
    """Begin a heartbeat run, whose context lies in the stream of `engine_key`: by default in the routing key's own.

    It is isolated, if nothing else is said, where its engine key was minted for one tick; its id is by default that of
    the contracts, for one that is not isolated with the time of this request. The routing key's stream is opened where
    it was not. `source` is what the tick was due for, `reason` says it in words.
    """

    session_id: Name
    engine_key: Name | None = None
    tick_id: Name | None = None
    isolated: bool | None = None
    source: Source | None = None
    reason: str | None = None


class SkipRequest(TickRequest, frozen=True, kw_only=True):
    """Leave out a heartbeat that was due, for `source`. The routing key's stream is opened where it was not."""

    tick_id: Name
    reason: SkipReason
    source: Source | None = None


class SettleRequest(TickRequest, frozen=True, kw_only=True):
    """End a heartbeat run."""

    tick_id: Name
    outcome: Outcome


AnyRequest = (
    OpenRequest
    | RecordRequest
    | AssembleRequest
    | CommitRequest
    | FailRequest
    | OverflowRequest
    | CompactRequest
    | MaintainRequest
    | DisposeRequest
    | DispatchRequest
    | SkipRequest
    | SettleRequest
)

R = TypeVar("R", bound=Request)

_READERS: dict[type[Request], Reader[Request]] = {}


def read_request(kind: type[R], body: bytes) -> R:
    """Read a request's JSON body. A field that it has not is refused: a misspelt one would be missed in silence.

    Raises:
        BadRequest: it is none of this kind.
    """
    reader = _READERS.get(kind)
    if reader is None:
        reader = _READERS[kind] = Reader[Request](kind)
    try:
        check_line(body)
        request = reader.read(body)
    except BadLine as error:
        raise BadRequest(error.reason.replace("the line", "the request") + ".") from None
    known = {field.encode_name for field in fields(kind)}
    unknown = [legible(name) for name in members(body) if name not in known]
    if unknown:
        raise BadRequest(f"`{unknown[0]}` is no field of this request: it has {', '.join(sorted(known))}.")
    return request  # type: ignore[return-value]  # the reader of this kind gives one of it
