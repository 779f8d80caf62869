"""What a stream holds, known by a keyed hash: a message that was met before is neither parsed nor stored again."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from secrets import token_bytes
from typing import NamedTuple

from msgspec import Struct

from domain.entries import Billed, Identity, Revision, Seen, estimated_tokens
from infrastructure.ledger.appending import Content
from infrastructure.ledger.equality import equality_hash

SALT_BYTES = 16
"""Random for every byte form, so that a digest in an event says nothing about erased content."""

Keep = Callable[[bytes], bytes | None]
"""What the ledger keeps of the exact bytes of a message or text: them, others in their place, or None for nothing.

Digests and equality are of the original whatever is kept, so what comes again is known in every form.
"""


def whole(data: bytes) -> bytes | None:
    """Keep everything."""
    return data


TEXT = Identity("text", None, "")
"""Texts that are no messages have no identity of their own: each is a revision of the stream's texts."""


class Described(NamedTuple):
    """What is said of a message by its host's format: its identity, its length in characters, and what else is recorded
    with it (as in `Seen`).
    """

    identity: Identity
    characters: int
    truncated: bool = False
    calls: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    billed: Billed | None = None
    summary: bool = False


class Met(NamedTuple):
    """Messages as a command takes them: digests in order, and those that the stream does not hold."""

    digests: tuple[bytes, ...]
    novel: tuple[Seen, ...]


class _Pending(Struct, frozen=True):
    data: bytes | None
    salt: bytes
    equality: bytes


class Contents:
    """The contents of one stream. Each received message is hashed once; a new one is parsed and hashed again."""

    def __init__(self, key: bytes, keep: Keep = whole) -> None:
        self._keyed = equality_hash(key)
        self._keep = keep
        self._digests: dict[bytes, bytes] = {}
        self._pending: dict[bytes, _Pending] = {}

    def hold(self, equality: bytes, digest: bytes) -> None:
        """Take note of content that the ledger holds already."""
        self._digests[equality] = digest

    def meet(self, messages: Sequence[bytes], describe: Callable[[int, bytes], Described]) -> Met:
        """Meet messages, given as their exact bytes; `describe` is asked, with the place, for new ones only."""
        digests: list[bytes] = []
        novel: list[Seen] = []
        known, keyed = self._digests, self._keyed
        for place, data in enumerate(messages):
            hashing = keyed.copy()  # the key was hashed once
            hashing.update(data)
            equality = hashing.digest()
            digest = known.get(equality)
            if digest is None:
                described = describe(place, data)
                digest = self._admit(data, equality)
                novel.append(
                    Seen(
                        identity=described.identity,
                        digest=digest,
                        size=len(data),
                        tokens=estimated_tokens(described.characters),
                        truncated=described.truncated,
                        calls=described.calls,
                        tools=described.tools,
                        billed=described.billed,
                        summary=described.summary,
                        kept=self._kept(digest, data),
                    )
                )
            digests.append(digest)
        return Met(tuple(digests), tuple(novel))

    def text(self, data: bytes | None, characters: int) -> Seen | None:
        """Meet a text that is no message, given as the exact bytes of its JSON string."""
        if data is None:
            return None
        hashing = self._keyed.copy()
        hashing.update(data)
        equality = hashing.digest()
        digest = self._digests.get(equality) or self._admit(data, equality)
        tokens = estimated_tokens(characters)
        kept = self._kept(digest, data)
        return Seen(identity=TEXT, digest=digest, size=len(data), tokens=tokens, text=True, kept=kept)

    def recorded(self, revisions: Iterable[Revision]) -> list[Content]:
        """Give the content to be written beside the event that records these."""
        contents: list[Content] = []
        for one in revisions:
            pending = self._pending.pop(bytes.fromhex(one.digest))
            contents.append(Content(one.entry, one.revision, pending.data, pending.salt, pending.equality))
        return contents

    def give_back(self) -> None:
        """Forget what was met and not recorded."""
        for pending in self._pending.values():
            del self._digests[pending.equality]
        self._pending.clear()

    def _admit(self, data: bytes, equality: bytes) -> bytes:
        salt = token_bytes(SALT_BYTES)
        digest = sha256(salt + data).digest()
        self._digests[equality] = digest
        self._pending[digest] = _Pending(self._keep(data), salt, equality)
        return digest

    def _kept(self, digest: bytes, data: bytes) -> bytes | None:
        """Digest what is kept of bytes that were met, where it is not the bytes themselves; empty if it is nothing."""
        pending = self._pending.get(digest)
        if pending is None or pending.data == data:  # which is quick where it is the same object
            return None
        return b"" if pending.data is None else sha256(pending.salt + pending.data).digest()
