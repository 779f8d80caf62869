"""What can't be answered, and why."""

from domain.errors import WrongUsage


class UnknownStream(WrongUsage):
    """No stream, or more than one, has this engine key."""

    code = "unknown-stream"


class UnknownContext(WrongUsage):
    """There is no such context."""

    code = "unknown-context"


class UnknownCompaction(WrongUsage):
    """There is no such compaction."""

    code = "unknown-compaction"


class UnknownEvent(WrongUsage):
    """There is no event of this id."""

    code = "unknown-event"


class UnknownEventType(WrongUsage):
    """There are no events of this type."""

    code = "unknown-event-type"


class BadCursor(WrongUsage):
    """The cursor is of another ledger or history, is ahead of the log, or is none."""

    code = "bad-cursor"
