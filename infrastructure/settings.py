"""What the environment says: where the ledger is, and who asks a service."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from platformdirs import user_data_path

DATABASE_URL = "HEARTLINE_DATABASE_URL"
HOME = "HEARTLINE_HOME"
TOKEN = "HEARTLINE_TOKEN"  # noqa: S105  # the name of a variable
"""The bearer token for a service. Never an option: the arguments of a process are seen by others."""


class Settings(Struct, frozen=True):
    """`database_url` is None where the ledger lies in an embedded Postgres below `home`. `token` is for services that
    are asked by `--url`.
    """

    home: Path
    database_url: str | None
    token: str | None = None


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the settings; empty values count as not set."""
    home = environment.get(HOME)
    return Settings(
        home=Path(home) if home else user_data_path("heartline", appauthor=False),
        database_url=environment.get(DATABASE_URL) or None,
        token=environment.get(TOKEN) or None,
    )
