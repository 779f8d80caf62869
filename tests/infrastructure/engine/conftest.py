"""A runtime on a fresh ledger."""

import pytest

from infrastructure.ledger.ledger import Ledger
from tests.infrastructure.engine.runtime import Runtime


@pytest.fixture
def runtime(ledger: Ledger) -> Runtime:
    return Runtime(ledger)


@pytest.fixture
def opened(runtime: Runtime) -> Runtime:
    """A runtime whose engine is open."""
    runtime.ask("open")
    return runtime
