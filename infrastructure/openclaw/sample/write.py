"""Writes the sample: the night of `story` as the host's current release records it, and as its cache trace shows it.

`python -m infrastructure.openclaw.sample.write` writes both files anew, byte for byte the same. The engine in it keeps
its state under the session key, owns compaction, and replays all that it holds: the incident that Heartline looks for.
"""

from pathlib import Path
from typing import Final

from infrastructure.openclaw.sample.host import Host
from infrastructure.openclaw.sample.session import line
from infrastructure.openclaw.sample.story import LOOKS, SUMMARIES

FOLDER: Final = Path(__file__).parent
LIFECYCLE: Final = FOLDER / "lifecycle.ndjson"
TRACE: Final = FOLDER / "cache-trace.jsonl"


def sample() -> dict[Path, bytes]:
    """Make the content of both files."""
    host = Host()
    host.main_turn()
    for number, look in enumerate(LOOKS):
        host.tick(look, number, SUMMARIES[number > len(LOOKS) // 2])
    return {
        path: "".join(f"{line(one)}\n" for one in lines).encode()
        for path, lines in ((LIFECYCLE, host.lifecycle), (TRACE, host.trace))
    }


def write() -> None:
    """Write both files beside this module."""
    for path, content in sample().items():
        path.write_bytes(content)


if __name__ == "__main__":
    write()
