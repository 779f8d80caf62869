"""The recordings of the real host, which lie beside the project where it is developed."""

from pathlib import Path

import pytest

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "openclaw"

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings of the real host are not beside the project"
)
