"""A runtime on a fresh ledger, for answers about engines of our own."""

import pytest

from infrastructure.ledger.ledger import Ledger
from tests.infrastructure.engine.runtime import Runtime


@pytest.fixture
def opened(ledger: Ledger) -> Runtime:
    """A runtime whose engine is open."""
    runtime = Runtime(ledger)
    runtime.ask("open")
    return runtime
