"""`heartline check`, `sources`, and `import` of what a host keeps."""

import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from tests.infrastructure.cli.hosts import write_host, write_tick
from tests.infrastructure.cli.running import Home


@pytest.fixture
def gateway(request: pytest.FixtureRequest) -> str:
    """Name an installation of the test's own."""
    return re.sub("[^a-z0-9]", "-", request.node.name.lower())[-60:].strip("-")


def _digests(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_folder_gives_every_tick_a_suspicion_with_its_numbers_and_what_to_switch_on(
    home: Home, tmp_path: Path, gateway: str
) -> None:
    host = write_host(tmp_path / "state", 3_700, 5_200, 6_700, 8_200)
    before = _digests(host)
    said = " ".join(home.run("check", str(host), "--gateway", gateway, code=1).text.split())
    assert "agent:main:main:heartbeat 4 4" in said
    assert "WARNING replayed-entries (unknown)" in said
    assert "3,700 to 8,200 tokens and grew 3 times" in said
    assert "openclaw config set diagnostics.cacheTrace.enabled true" in said
    assert _digests(host) == before


def test_ticks_of_one_size_are_no_finding_and_what_is_unknown_is_said(home: Home, tmp_path: Path, gateway: str) -> None:
    host = write_host(tmp_path / "state", 3_700, 3_700, 3_700)
    finding = home.json("check", str(host), "--gateway", gateway).answer
    assert (finding["severity"], finding["status"]) == ("info", "unknown")


def test_checked_again_only_what_is_new_is_read(home: Home, tmp_path: Path, gateway: str) -> None:
    host = write_host(tmp_path / "state", 3_700, 3_700)
    home.run("check", str(host), "--gateway", gateway)
    assert "0 records read, 0 of them new, 0 events" in home.run("check", str(host), "--gateway", gateway).text
    write_tick(host, 3, 3_700)
    assert "4 records read, 4 of them new" in home.run("check", str(host), "--gateway", gateway).text
    source = home.json("sources", "--gateway", gateway).answer
    assert (source["kind"], source["path"]) == ("sessions", str(host / "agents" / "main" / "sessions"))
    assert source["first_at"] < source["last_at"]


def test_what_could_not_be_read_is_named_with_its_place_and_the_rest_is_read(
    home: Home, tmp_path: Path, gateway: str
) -> None:
    host = write_host(tmp_path / "state", 3_700, 3_700)
    broken = next((host / "agents" / "main" / "sessions").glob("*1.jsonl"))
    with broken.open("a") as stream:
        stream.write('{"type":"message"\n')
    answer = home.json("import", str(host), "--gateway", gateway).answer
    assert answer["lines"] == answer["recorded"] + answer["duplicates"] + len(answer["rejected"])
    assert [one["source"] for one in answer["rejected"]] == [f"{broken}:4"]
    assert answer["recorded"] > 4
    source = home.json("sources", "--gateway", gateway).answer
    assert (source["problem_count"], [one["place"] for one in source["skipped"]]) == (1, [f"{broken}:4"])


def test_a_dry_run_says_what_would_be_read_and_records_nothing(home: Home, tmp_path: Path, gateway: str) -> None:
    host = write_host(tmp_path / "state", 3_700)
    assert home.json("import", str(host), "--dry-run", "--gateway", gateway).answer["kind"] == "sessions"
    assert home.json("sources", "--gateway", gateway).answers == []


def test_a_folder_with_nothing_of_a_host_is_refused_with_what_was_looked_for(home: Home, tmp_path: Path) -> None:
    assert "openclaw-agent.sqlite" in home.run("check", str(tmp_path), code=2).err


def test_an_installation_is_known_again_wherever_its_folder_lies(home: Home, tmp_path: Path) -> None:
    host = write_host(tmp_path / "state", 3_700)
    first = home.json("import", str(host)).answer
    again = home.json("import", str(host.rename(tmp_path / "moved"))).answer
    assert (again["gateway"], again["recorded"]) == (first["gateway"], 0)


def test_isolation_that_is_set_and_not_applied_is_a_finding(home: Home, tmp_path: Path, gateway: str) -> None:
    host = write_host(tmp_path / "state", 3_700, key="agent:main:main")
    configuration = host / "openclaw.json"
    configuration.write_text("{agents: {defaults: {heartbeat: {every: '30m', isolatedSession: true}}}} // as JSON5")
    os.utime(configuration, (0, 0))
    findings = home.json("check", str(host), "--gateway", gateway, code=1).answers
    assert [(one["code"], one["severity"], one["occurrences"]) for one in findings] == [
        ("isolation-not-applied", "error", 1)
    ]


def test_without_a_path_the_hosts_own_folder_is_checked(home: Home, tmp_path: Path, gateway: str) -> None:
    missing = home.run("check", code=2, HOME=str(tmp_path)).err
    assert f"There is no {tmp_path / '.openclaw'}" in missing
    write_host(tmp_path / ".openclaw", 3_700)
    assert home.json("check", "--gateway", gateway, HOME=str(tmp_path)).answer["status"] == "unknown"


def test_a_host_that_goes_on_is_followed(home: Home, tmp_path: Path, gateway: str) -> None:
    host = write_host(tmp_path / "state", 3_700)
    command = ["import", str(host), "--gateway", gateway, "--follow", "--json"]
    with home.running(*command) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["recorded"] == 3
        write_tick(host, 2, 3_700)
        assert json.loads(process.stdout.readline())["events"] > 0
    ticks = home.json("ticks", "--gateway", gateway).answers
    assert [one["outcome"] for one in ticks] == ["ok-token", "ok-token"]


def test_a_fall_back_that_the_gateways_log_tells_of_is_a_finding_with_the_turn_in_which_it_was(
    home: Home, tmp_path: Path, gateway: str
) -> None:
    host = write_host(tmp_path / "state", 3_700)
    reason = "factory threw during resolution: no such file"
    said = f'Context engine "probe" {reason}; falling back to default engine "legacy".'
    (host / "logs").mkdir()
    (host / "logs" / "gateway.log").write_text(f"2026-11-23T08:36:50.000Z [context-engine] {said}\n")
    found = home.json("check", str(host), "--gateway", gateway, code=1).answers[0]
    assert (found["code"], found["occurrences"], found["first_at"]) == (
        "engine-fell-back",
        1,
        "2026-11-23T08:36:50.000Z",
    )
    assert found["facts"]["reasons"] == [reason]
