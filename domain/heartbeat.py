"""A tick's outcome: what the reply to a heartbeat comes to (host facts, "Heartbeat run, in order")."""

from typing import Literal

ACKNOWLEDGEMENT = "HEARTBEAT_OK"
"""At the start or end of a reply it says that nothing needs attention; in the middle it means nothing."""

ACKNOWLEDGEMENT_MAX_CHARACTERS = 300
"""What may stand beside an acknowledgement and still be dropped (the host's `ackMaxChars`)."""

POLL = "[OpenClaw heartbeat poll]"
"""The literal text of a heartbeat's user message; its prompt travels separately."""

Outcome = Literal["ok-token", "ok-empty", "sent", "failed"]
"""What a tick that ran came to; one that did not run has a SkipReason."""

SkipReason = Literal[
    "disabled",
    "quiet-hours",
    "requests-in-flight",
    "cron-in-progress",
    "lanes-busy",
    "empty-heartbeat-file",
    "no-tasks-due",
]
"""Why a tick that was due did not run, in the order in which the host looks."""

Source = Literal["interval", "wake", "exec", "cron", "manual"]
"""What a tick was due for: its interval, a wake, a command that ended, a scheduled job, or a person."""


def outcome_of(reply: str, most: int = ACKNOWLEDGEMENT_MAX_CHARACTERS) -> Outcome:
    """Classify a reply; `most` is in characters."""
    text = reply.strip()
    if not text:
        return "ok-empty"
    rest = text
    if rest.startswith(ACKNOWLEDGEMENT):
        rest = rest[len(ACKNOWLEDGEMENT) :].strip()
    if rest.endswith(ACKNOWLEDGEMENT):
        rest = rest[: -len(ACKNOWLEDGEMENT)].strip()
    return "ok-token" if rest != text and len(rest) <= most else "sent"
