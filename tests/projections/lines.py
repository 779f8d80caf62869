"""A few lines of a recording, in which sessions ingest messages."""

import json
from pathlib import Path

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer


def ingest(ledger: Ledger, folder: Path, *said: tuple[str, str], first: int = 0) -> None:
    """Record a message each of (agent, session)."""
    lines = []
    for n, (agent, session) in enumerate(said, first):
        message = {"role": "user", "content": f"words {n}", "timestamp": n, "idempotencyKey": f"{n}:user"}
        params = {"sessionId": session, "sessionKey": f"agent:{agent}:main", "message": message}
        lines.append({"ts": f"2026-11-23T08:00:{n % 60:02d}.{n // 60:03d}Z", "method": "ingest", "params": params})
    path = folder / f"lines-{first}"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    imported = Importer(ledger, gateway="g").import_recording(str(path), lambda _bytes: None)
    assert not imported.rejected
