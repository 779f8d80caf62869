"""A small ledger, and what a superuser does to it."""

from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import Verification
from tests.infrastructure.ledger.appends import a_content, key_in

P = 3
KEY = key_in(P)
OTHER = key_in(P, 1)
ELSEWHERE = key_in(4)
FIRST, SECOND, TEXT = a_content(1, b"one"), a_content(2, b"two" * 9), a_content(0, b"prompt")
EVENTS = 10


def tamper(ledger: Ledger, *changes: str) -> None:
    """Change things as a superuser can, whom no trigger binds."""
    ledger.connection.execute("set session_replication_role = replica")
    for change in changes:
        ledger.connection.execute(change.encode())
    ledger.connection.execute("reset session_replication_role")


def places(verified: Verification) -> list[str]:
    return [f"{one.partition}-{one.position}" for one in verified.broken]


def events(changes: str, position: int = 3) -> str:
    return f"update heartline.events set {changes} where partition = {P} and position = {position}"


def deleted(condition: str) -> str:
    return f"delete from heartline.events where partition = {P} and {condition}"


def content(changes: str, entry: int = 1) -> str:
    return f"update heartline.content set {changes} where partition = {P} and entry = {entry}"
