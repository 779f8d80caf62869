"""What a ledger keeps of the messages and texts that are imported into it."""

from collections.abc import Mapping
from typing import Literal

from infrastructure.openclaw.secrets import masked
from infrastructure.recorder.contents import Keep, whole

ContentPolicy = Literal["full", "redacted", "none"]
"""Everything as it was; secrets of known shapes masked; nothing but role, size and identity."""


def nothing(_data: bytes) -> bytes | None:
    """Keep nothing."""
    return None


KEEP: Mapping[ContentPolicy, Keep] = {"full": whole, "redacted": masked, "none": nothing}
"""What each policy leaves of a message's or a text's exact bytes."""
