"""Where a host keeps its things."""

from pathlib import Path

import pytest

from infrastructure.openclaw.host.places import log_folders, state_folder


@pytest.mark.parametrize(
    ("environ", "there", "expected"),
    [
        ({}, [], "home/.openclaw"),
        ({}, [".clawdbot", ".moltbot"], "home/.clawdbot"),
        ({}, [".clawdbot", ".openclaw"], "home/.openclaw"),
        ({"OPENCLAW_STATE_DIR": " ~/elsewhere "}, [], "home/elsewhere"),
        ({"OPENCLAW_STATE_DIR": " "}, [], "home/.openclaw"),
        ({"CLAWDBOT_STATE_DIR": "/s"}, [".openclaw"], "/s"),
        ({"OPENCLAW_STATE_DIR": "/new", "CLAWDBOT_STATE_DIR": "/old"}, [], "/new"),
        ({"OPENCLAW_HOME": "~/service"}, [], "home/service/.openclaw"),
        ({"OPENCLAW_HOME": "/srv", "OPENCLAW_STATE_DIR": "~/x"}, [], "/srv/x"),
        ({"OPENCLAW_PROFILE": "dev"}, [".openclaw", ".openclaw-dev"], "home/.openclaw-dev"),
        ({"OPENCLAW_PROFILE": "default"}, [".openclaw-default"], "home/.openclaw"),
        ({"OPENCLAW_PROFILE": "../dev"}, [".openclaw"], "home/.openclaw"),
    ],
)
def test_the_state_folder_is_where_the_host_keeps_it(
    tmp_path: Path, environ: dict[str, str], there: list[str], expected: str
) -> None:
    home = tmp_path / "home"
    for name in there:
        (home / name).mkdir(parents=True)
    assert state_folder(environ, home) == tmp_path / expected


def test_a_gateway_logs_outside_its_state_folder() -> None:
    assert log_folders(Path("/var/tmp"), 1001) == (Path("/tmp/openclaw"), Path("/var/tmp/openclaw-1001"))
    assert log_folders(Path("/tmp"), None) == (Path("/tmp/openclaw"),)
