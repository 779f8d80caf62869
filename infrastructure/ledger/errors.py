"""What can go wrong with a ledger."""

from domain.errors import HeartlineError, WrongUsage


class DatabaseUnavailable(HeartlineError):
    """The database can't be reached or went away."""

    code = "database-unavailable"


class DatabaseRefused(HeartlineError):
    """The database could not do what was asked: a time limit, a full disk."""

    code = "database-refused"


class UnreadableAddress(WrongUsage):
    """What is given as the database's address is none."""

    code = "unreadable-address"


class NotALedger(HeartlineError):
    """The database holds no ledger, or one of another version."""

    code = "not-a-ledger"


class AppendRefused(HeartlineError):
    """The database refused an append as a whole. Nothing of it was written."""

    code = "append-refused"


class StreamMoved(HeartlineError):
    """Other writers kept appending to a stream, so that a decision about it never held."""

    code = "stream-moved"


class CheckpointUnusable(HeartlineError):
    """A file of checkpoints can't be read, is damaged, or is of another ledger."""

    code = "checkpoint-unusable"


class CheckpointContradicted(HeartlineError):
    """The ledger no longer holds what its last checkpoint saw."""

    code = "checkpoint-contradicted"


class QueueFull(HeartlineError):
    """As much waits already as may. Nothing of what was handed over was accepted."""

    code = "queue-full"


class ShuttingDown(HeartlineError):
    """The process is ending and takes nothing more. Nothing of what was handed over was written."""

    code = "shutting-down"


class Unanswered(HeartlineError):
    """No answer came in time: what became of it is not known."""

    code = "unanswered"
