from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store is to lie."""
    return tmp_path / "openclaw-agent.sqlite"
