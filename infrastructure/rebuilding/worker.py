"""A process of a rebuild: does the tasks that stand on its input, and ends with it."""

import gc
import os
import sys
from contextlib import suppress
from typing import assert_never

import psycopg
from msgspec import json

from domain.errors import HeartlineError
from infrastructure.composition import opened_ledger
from infrastructure.ledger.connection import losing_the_database
from infrastructure.ledger.ledger import Ledger
from infrastructure.rebuilding.tasks import Compare, Compared, Done, Failed, Fill, Filled, Index, Outcome, Task
from infrastructure.settings import settings_from
from projections.catalogue import PROJECTIONS
from projections.machinery.generations import build_indexes, compare
from projections.machinery.projector import Projector

BATCH = 8_000
"""How many events are folded at once: as many as keep a process small."""

LOOKING_FOR_CYCLES = 100_000
"""After how many objects Python looks for cycles, of which folding makes none: a tenth of its time went there."""

INDEX_MEMORY = "64MB"
"""What the database may take to sort an index."""


class Worker:
    """Does tasks, one at a time, with a connection of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self._connection = ledger.connection
        self._projections = {one.name: one for one in PROJECTIONS}
        self._projectors: dict[tuple[str, ...], Projector] = {}
        with losing_the_database():
            self._connection.execute("set statement_timeout = 0")  # an index of a large ledger takes its time
            self._connection.execute(f"set maintenance_work_mem = '{INDEX_MEMORY}'".encode())

    def do(self, task: Task) -> Outcome:
        """Do a task, and say what came of it."""
        try:
            with losing_the_database():
                return self._do(task)
        except HeartlineError as error:
            return Failed(error.code, str(error))
        except psycopg.Error as error:
            return Failed("database-error", " ".join(str(error).split()))

    def _do(self, task: Task) -> Outcome:
        match task:
            case Fill(names, partition, end):
                projector = self._projectors.get(names)
                if projector is None:
                    folded = [self._projections[name] for name in names]
                    projector = self._projectors[names] = Projector(self._connection, folded, "filling")
                return Filled(projector.advance({partition: end}, BATCH))
            case Index(table, generation):
                build_indexes(self._connection, table, generation)
                return Done()
            case Compare(name, partitions):
                return Compared(compare(self._connection, self._projections[name], partitions))
            case _:
                assert_never(task)


def main() -> None:
    """Do what is asked for until nobody asks any more."""
    gc.freeze()
    gc.set_threshold(LOOKING_FOR_CYCLES)
    decoder: json.Decoder[Task] = json.Decoder(Task)
    with opened_ledger(settings_from(os.environ)) as ledger:
        worker = Worker(ledger)
        for line in sys.stdin.buffer:
            answer = json.encode(worker.do(decoder.decode(line))) + b"\n"
            with suppress(BrokenPipeError):  # the command was killed: there is nothing more on the input either
                while answer:
                    answer = answer[os.write(sys.stdout.fileno(), answer) :]


if __name__ == "__main__":
    main()
