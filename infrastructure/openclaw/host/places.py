"""Where a host keeps its things: as the host itself decides, from its environment and the user's home."""

import re
from collections.abc import Mapping
from pathlib import Path

STATE_FOLDERS = (".openclaw", ".clawdbot", ".moldbot", ".moltbot")
"""The names that the folder has, and had, below the home."""


def state_folder(environ: Mapping[str, str], home: Path) -> Path:
    """Say where the host keeps its state, as the host itself does: from its environment and the user's home.

    The folder need not be there.
    """
    if moved := environ.get("OPENCLAW_HOME", "").strip():
        home = expanded(moved, home)
    for name in ("OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR"):
        if named := environ.get(name, "").strip():
            return expanded(named, home)
    profile = environ.get("OPENCLAW_PROFILE", "").strip()
    names: tuple[str, ...] = STATE_FOLDERS
    if re.fullmatch(r"[\w-]+", profile, re.ASCII) and profile.lower() != "default":
        names = (f".openclaw-{profile}", *names)
    return next((home / name for name in names if (home / name).is_dir()), home / STATE_FOLDERS[0])


def log_folders(temporary: Path, user: int | None) -> tuple[Path, ...]:
    """Say where a gateway of this machine writes its log if it isn't told otherwise; outside its state folder.

    `temporary` is the folder for temporary files, `user` the number of the user that the gateway runs as.
    """
    own = temporary / ("openclaw" if user is None else f"openclaw-{user}")
    return tuple(dict.fromkeys((Path("/tmp/openclaw"), own)))  # noqa: S108  # the host's own place; only read


def expanded(path: str, home: Path) -> Path:
    """Give the path that one from a configuration or an environment means: `~` is the home."""
    if path == "~" or path.startswith(("~/", "~\\")):
        return home / path[2:]
    return Path(path).absolute()
