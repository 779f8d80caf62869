"""Another process that uses the embedded Postgres: prints what it got, waits for a line, leaves.

`python -m tests.infrastructure.embedded.worker HOME [--without-namespaces]`
"""

import ctypes
import json
import os
import sys
from pathlib import Path

from domain.errors import HeartlineError
from infrastructure.embedded.server import EmbeddedPostgres

CLONE_NEWUSER = 0x10000000


def main() -> None:
    if "--without-namespaces" in sys.argv:
        refuse_namespaces()
    try:
        embedded = EmbeddedPostgres(Path(sys.argv[1]))
        address = embedded.start()
    except HeartlineError as error:
        say(error=error.code, message=str(error))
        return
    say(socket=str(address.socket_directory), server=embedded.status().pid, user=os.geteuid())
    sys.stdin.readline()
    embedded.stop()
    say(left=True)


def say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def refuse_namespaces() -> None:
    """Go on as a root that may not make user namespaces (most containers): inside one that forbids more."""
    entered, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child:
        os.read(entered[0], 1)
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{child}/{kind}").write_text("0 0 65536")
        os.write(mapped[1], b".")
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status))
    assert ctypes.CDLL(None).unshare(CLONE_NEWUSER) == 0
    os.write(entered[1], b".")
    os.read(mapped[0], 1)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


if __name__ == "__main__":
    main()
