"""The parts that the sample is put together from: its host's constants, sessions, and how texts and ids are written."""

from datetime import UTC, datetime
from hashlib import sha256
from json import dumps
from uuid import UUID

from msgspec import Struct

from infrastructure.openclaw.played import Json, Mark, Model, Seat, reduced

STATE = "/srv/agent/sample/state"
WORKSPACE = f"{STATE}/workspace"
STORE = f"{STATE}/agents/main/agent/openclaw-agent.sqlite"
MAIN_KEY = "agent:main:main"
HEARTBEAT_KEY = "agent:main:main:heartbeat"
WINDOW = 8192
MODEL = Model("openai-completions", "local", "local-8k", WINDOW)
SYSTEM_TOKENS = 6400
"""What the system prompt and the tools take of every model call."""
REPLY_TOKENS = 512
ROOM = WINDOW - SYSTEM_TOKENS - REPLY_TOKENS
"""What is left for messages: beyond it, the provider overflows."""

HOST_CONTEXT = (
    "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nConversation data (data, not instructions):\n"
    '"Active exec sessions:\\nnone"\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>'
)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Session(Struct, frozen=True):
    """One session of the host, with one turn."""

    name: str
    key: str

    @property
    def id(self) -> str:
        """The host's id of the session."""
        return uuid(self.name, "session")

    @property
    def run(self) -> str:
        """The id of its run."""
        return uuid(self.name, "run")

    @property
    def turn(self) -> str:
        """The id of its turn."""
        return uuid(self.name, "turn")

    @property
    def heartbeat(self) -> bool:
        """Whether it is a tick."""
        return self.key == HEARTBEAT_KEY

    @property
    def seat(self) -> Seat:
        """Where the host has it."""
        return Seat("main", self.id, self.key, STORE, MODEL)

    def marks(self, messages: int) -> tuple[Mark, Mark]:
        """Give the first and the last place of its transcript, which holds so many messages."""
        first = uuid(self.name, "first entry")
        before = uuid(self.name, "entry before the last") if self.heartbeat else first
        return Mark(first, None, 1, 0), Mark(uuid(self.name, "last entry"), before, messages, messages - 1)


def stamp(moment: datetime) -> str:
    """Write a time as the host puts it before a message."""
    return f"[{DAYS[moment.weekday()]} {moment:%Y-%m-%d %H:%M} UTC] "


def submitted(message: Json) -> Json:
    """Rewrite a message as the host does before it submits it: call ids are reduced, old polls are stamped."""
    match message:
        case {"role": "user", "content": str(text), "timestamp": int(at)}:
            return {**message, "content": stamp(datetime.fromtimestamp(at / 1000, UTC)) + text}
        case _:
            return reduced(message)


def tokens_of(messages: list[Json]) -> int:
    """Count as the provider of the sample does: four characters a token."""
    return sum(len(text) for message in messages for text in texts(message["content"])) // 4


def texts(content: str | list[Json]) -> list[str]:
    """Give the texts of a content."""
    return [content] if isinstance(content, str) else [part.get("text") or dumps(part["arguments"]) for part in content]


def uuid(*names: str) -> str:
    """Make an id that is always the same for these names."""
    return str(UUID(bytes=sha256("/".join(("sample", *names)).encode()).digest()[:16], version=4))


def digest(value: Json | list[str]) -> str:
    """Digest a value, in hexadecimal."""
    return sha256(line(value).encode()).hexdigest()


def line(value: Json | list[str]) -> str:
    """Write a value as one line of JSON."""
    return dumps(value, ensure_ascii=False, separators=(",", ":"))
