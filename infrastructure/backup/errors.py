"""What can go wrong with a backup."""

from domain.errors import HeartlineError, WrongUsage
from infrastructure.ledger.verify import Verification


class FileExists(WrongUsage):
    """There is something where the backup should go."""

    code = "file-exists"


class BackupNotWritten(HeartlineError):
    """The file can't be written. Nothing is left of it."""

    code = "backup-not-written"


class LedgerBroken(HeartlineError):
    """The ledger does not prove: a backup of it would pass for a good one."""

    code = "ledger-broken"

    def __init__(self, message: str, found: Verification) -> None:
        super().__init__(message)
        self.found = found


class BackupUnusable(HeartlineError):
    """The file is no backup, is damaged, or is of a later version. Nothing was restored."""

    code = "backup-unusable"


class LedgerNotEmpty(HeartlineError):
    """The database holds events already. Nothing was restored."""

    code = "ledger-not-empty"


class LedgerInUse(HeartlineError):
    """Others use the database. Nothing was restored."""

    code = "ledger-in-use"


class RestoreRefused(HeartlineError):
    """The database does not let this role restore. Nothing was restored."""

    code = "restore-refused"
