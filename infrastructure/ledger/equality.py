"""The keyed hash by which equal contents are known, across streams and whatever is kept of them."""

from hashlib import blake2b

EQUALITY_BYTES = 16


def equality_hash(key: bytes) -> blake2b:
    """Begin the hash of a content's original bytes, with the key of its ledger."""
    return blake2b(digest_size=EQUALITY_BYTES, key=key)
