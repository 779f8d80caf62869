"""Entries of a stream: what they are known by, how they are numbered, and which byte forms of them were met."""

from collections.abc import Container, Iterable, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct, field

from domain.growing import GrowingMap

CHARACTERS_A_TOKEN = 4
"""Tokens are estimated as characters / 4 unless a provider reported them (contracts, "Ids and forms")."""

TEXTS = 0
"""The entry number under which a stream keeps texts that are no messages: prompts, summaries, instructions."""

COMPACT = "compact"
"""The method by which a compaction of our own delivers its summary, as an entry that stands before all others."""

SUMMARY_ROLES = frozenset({"summary", "compactionSummary"})
"""The roles of messages that stand in place of older ones: ours, and the host's."""

Part = Literal["summary", "reply", "result", "other"]
"""The part that a message has in a context: it stands in place of older ones; it is the model's; it is what a tool
answered; or it is anything else that the model is told.
"""

_PARTS: dict[str, Part] = {"assistant": "reply", "toolResult": "result"}


def estimated_tokens(characters: int) -> int:
    """Estimate the tokens of so many characters, rounded up."""
    return -(-characters // CHARACTERS_A_TOKEN)


class Identity(NamedTuple):
    """What makes two messages the same entry. Never their content: hosts rewrite messages between calls.

    `timestamp` is in ms, as the host wrote it; `discriminator` is the id that the host gives to messages of this role,
    or empty where it gives none.
    """

    role: str
    timestamp: int | None
    discriminator: str


class Reference(NamedTuple):
    """One byte form of one entry of a stream: the entry's number, 1, 2, …, and its revision, 1, 2, …"""

    entry: int
    revision: int


class Billed(Struct, frozen=True, omit_defaults=True):
    """The tokens of the model call that made a message, as its provider counted them.

    `input` is without what was read from the provider's cache (`cache_read`) or written to it (`cache_write`).
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0


class Seen(Struct, frozen=True):
    """A message in a byte form that its stream did not hold yet.

    `digest` is SHA-256(salt ‖ bytes), `size` is in bytes, `tokens` are estimated. `truncated` says that the source cut
    it; `text` that it is no message, but one of the stream's texts. `calls` are the ids of the tool calls that it
    makes, reduced as those are by which tool results are known; of engines that are only observed nobody reads them.
    `tools` are the names of the tools that it calls, in order, or of the one whose result it is. `billed` is what its
    provider counted, None where it did not say. `summary` says that it stands in place of older messages although its
    role doesn't. `kept` is None where the bytes are kept as they are; else it is SHA-256(salt ‖ what is kept of them),
    empty where nothing is.
    """

    identity: Identity
    digest: bytes
    size: int
    tokens: int
    truncated: bool = False
    text: bool = False
    calls: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    billed: Billed | None = None
    summary: bool = False
    kept: bytes | None = None


class Revision(Struct, frozen=True, omit_defaults=True):
    """A byte form of an entry, as it is written into the event that records it (`digest` in hexadecimal).

    `repeats` is the number of the entry that the host delivered again in a retry, under a new timestamp. `calls`,
    `tools`, `billed` and `summary` are as in `Seen`, and so is `kept`, in hexadecimal: `digest` and `size` are of the
    original, whatever is kept of it.
    """

    entry: int
    revision: int
    role: str
    timestamp: int | None
    discriminator: str
    digest: str
    size: int
    tokens: int
    truncated: bool = False
    repeats: int | None = None
    calls: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    billed: Billed | None = None
    summary: bool = False
    kept: str | None = None

    @property
    def identity(self) -> Identity:
        """What the entry is known by."""
        return Identity(self.role, self.timestamp, self.discriminator)

    @property
    def reference(self) -> Reference:
        """Which entry and which of its byte forms this is."""
        return Reference(self.entry, self.revision)


class Weight(NamedTuple):
    """What a byte form weighs in a context: its tokens, which are estimated, and which part it has there."""

    tokens: int
    part: Part


UNTIMED_ROLE = "custom"
"""Messages of this role get their time (and no id) from whoever writes them down: an engine and a transcript each have
their own, 1 to 6 ms apart (contracts, "Who delivered an entry")."""

NEAR_MS = 1_000
"""So far apart are at most the times of one entry that two sources tell of."""


class Roster(Struct, frozen=True):
    """All entries of a stream, the digests of their byte forms, and by digest what each form weighs in a context.

    `transcribed` are the entries that a transcript told of first.
    """

    numbers: GrowingMap[Identity, int] = field(default_factory=GrowingMap[Identity, int])
    references: GrowingMap[bytes, Reference] = field(default_factory=GrowingMap[bytes, Reference])
    digests: GrowingMap[Reference, bytes] = field(default_factory=GrowingMap[Reference, bytes])
    weights: GrowingMap[bytes, Weight] = field(default_factory=GrowingMap[bytes, Weight])
    transcribed: GrowingMap[int, bool] = field(default_factory=GrowingMap[int, bool])

    def __len__(self) -> int:
        return len(self.numbers)

    def number(self, seen: Sequence[Seen], *, transcript: bool = False) -> tuple[Revision, ...]:
        """Number what is not in the roster yet: entries go on from the last, revisions from the entry's last.

        `transcript` says that a transcript tells of it. What has no id of its own is the entry of about the same time
        that only the other kind of source has told of (`nearest`).
        """
        numbered: dict[bytes, Revision] = {}
        entries: dict[Identity, int] = {}
        revisions: dict[int, int] = {}
        for one in seen:
            if one.digest in self.references or one.digest in numbered:
                continue
            identity = one.identity
            entry = TEXTS if one.text else self.numbers.get(identity) or entries.get(identity)
            if entry is None and identity.role == UNTIMED_ROLE:
                identity = self.nearest(one, transcript=transcript, but=revisions) or identity
                entry = self.numbers.get(identity)
            if entry is None:
                entry = len(self.numbers) + len(entries) + 1
                entries[identity] = entry
            revision = revisions.get(entry, self.revisions_of(entry)) + 1
            revisions[entry] = revision
            numbered[one.digest] = Revision(
                entry=entry,
                revision=revision,
                role=identity.role,
                timestamp=identity.timestamp,
                discriminator=identity.discriminator,
                digest=one.digest.hex(),
                size=one.size,
                tokens=one.tokens,
                truncated=one.truncated,
                calls=one.calls,
                tools=one.tools,
                billed=one.billed,
                summary=one.summary,
                kept=None if one.kept is None else one.kept.hex(),
            )
        return tuple(numbered.values())

    def nearest(self, one: Seen, *, transcript: bool, but: Container[int] = ()) -> Identity | None:
        """Give the identity of the entry of about the same time and of the same role and length to which neither source
        gave an id, and of which only the other kind of source has told; None where there is none.
        """
        role, at, discriminator = one.identity
        if at is None or discriminator:
            return None
        for distance in range(NEAR_MS + 1):
            for time in {at - distance, at + distance}:
                entry = self.numbers.get(Identity(role, time, ""))
                if entry is None or entry in but or (entry in self.transcribed) == transcript:
                    continue
                only = self.digests.get(Reference(entry, 1))
                if only is not None and self.revisions_of(entry) == 1 and self.weights[only].tokens == one.tokens:
                    return Identity(role, time, "")
        return None

    def revisions_of(self, entry: int) -> int:
        """Count the byte forms that are held of an entry."""
        held, missing = 0, 1
        while Reference(entry, missing) in self.digests:
            held, missing = missing, missing * 2
        while missing - held > 1:
            middle = (held + missing) // 2
            held, missing = (middle, missing) if Reference(entry, middle) in self.digests else (held, middle)
        return held

    def holding(self, revisions: Iterable[Revision], *, summary: bool = False, transcript: bool = False) -> "Roster":
        """Give the roster that holds these besides; `summary` says that they are a compaction's, `transcript` that a
        transcript tells of them.
        """
        first = [(one.entry, True) for one in revisions if one.revision == 1] if transcript else []
        numbers: list[tuple[Identity, int]] = []
        references: list[tuple[bytes, Reference]] = []
        digests: list[tuple[Reference, bytes]] = []
        weights: list[tuple[bytes, Weight]] = []
        for one in revisions:
            digest, reference = bytes.fromhex(one.digest), one.reference
            if one.entry != TEXTS:
                numbers.append((one.identity, one.entry))
            references.append((digest, reference))
            digests.append((reference, digest))
            weights.append((digest, Weight(one.tokens, "summary" if summary else part_of(one))))
        return Roster(
            self.numbers.adding(numbers),
            self.references.adding(references),
            self.digests.adding(digests),
            self.weights.adding(weights),
            self.transcribed.adding(first) if first else self.transcribed,
        )


def part_of(revision: Revision) -> Part:
    """Say which part a message has in contexts, by its role and what its host's format says of it."""
    if revision.summary or revision.role in SUMMARY_ROLES:
        return "summary"
    return _PARTS.get(revision.role, "other")
