"""A process that has a store open as a host has: it runs the statements that it is given, and says what came."""

import json
import sqlite3
import sys
from pathlib import Path

from tests.infrastructure.openclaw.host.stores import Host


def main() -> None:
    with Host(Path(sys.argv[1]), journal=sys.argv[2]) as host:
        print("ready", flush=True)  # noqa: T201  # it is what the test waits for
        for line in sys.stdin:
            try:
                answer: object = host.run(*json.loads(line))
            except sqlite3.Error as error:
                answer = str(error)
            print(json.dumps(answer), flush=True)  # noqa: T201  # the same


main()
