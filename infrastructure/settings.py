"""What the environment says: where the ledger is."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from platformdirs import user_data_path

DATABASE_URL = "HEARTLINE_DATABASE_URL"
HOME = "HEARTLINE_HOME"


class Settings(Struct, frozen=True):
    """`database_url` is None where the ledger lies in an embedded Postgres below `home`."""

    home: Path
    database_url: str | None


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the settings; empty values count as not set."""
    home = environment.get(HOME)
    return Settings(
        home=Path(home) if home else user_data_path("heartline", appauthor=False),
        database_url=environment.get(DATABASE_URL) or None,
    )
