"""The compose file: its rules, and its services run one after the other as an engine would run them."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct

from infrastructure import settings
from tests.docker import commands
from tests.docker.building import Image
from tests.docker.compose import composed, in_order, mounted
from tests.docker.conftest import SERVICE_PASSWORD, VARIABLES, Confinement
from tests.docker.service import SECONDS_TO_END, running

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "infrastructure" / "openclaw" / "sample" / "lifecycle.ndjson"

STEPS = ("migrate", "service-password")
"""The services that run once and end."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = composed(VARIABLES)["services"]
    return services


def seconds(duration: str) -> int:
    assert duration.endswith("s")
    return int(duration.removesuffix("s"))


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_password_must_be_set(variable: str) -> None:
    with pytest.raises(KeyError, match=variable):
        composed({name: value for name, value in VARIABLES.items() if name != variable})


@pytest.mark.parametrize("name", [*STEPS, "heartline"])
def test_a_service_that_runs_our_steps_may_do_nothing_else(name: str, services: dict[str, Any]) -> None:
    service = services[name]
    assert int(service["user"].split(":")[0]) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service


def test_only_the_service_is_published_and_only_on_loopback(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"heartline": ["127.0.0.1:8787:8787"]}


def test_the_owners_password_is_not_the_services_to_know(services: dict[str, Any]) -> None:
    assert VARIABLES["POSTGRES_PASSWORD"] not in services["heartline"]["environment"].values()
    assert services["heartline"]["environment"]["PGPASSWORD"] == SERVICE_PASSWORD


def test_the_service_has_time_to_end_and_is_started_again(services: dict[str, Any]) -> None:
    assert seconds(services["heartline"]["stop_grace_period"]) > SECONDS_TO_END
    assert services["heartline"]["restart"] == "unless-stopped"
    assert services["heartline"]["mem_limit"]


def test_the_data_of_postgres_lies_in_a_volume(services: dict[str, Any]) -> None:
    image, (volume,) = services["postgres"]["image"], services["postgres"]["volumes"]
    assert image.startswith("postgres:18-")
    name, path = volume.split(":")
    assert path == "/var/lib/postgresql"
    assert name in composed(VARIABLES)["volumes"]


@pytest.mark.parametrize("name", ["migrate", "heartline"])
def test_a_service_of_the_image_is_built_from_it_and_told_what_is_read(
    name: str, services: dict[str, Any], image: Image
) -> None:
    service = services[name]
    context = ROOT / "docker" / service["build"]["context"]
    assert context.resolve() == ROOT
    assert (context / service["build"]["dockerfile"]).is_file()
    told = {one for one in service["environment"] if one.startswith("HEARTLINE_")}
    assert told == {settings.DATABASE_URL}
    commands.check(service.get("command", image.last.words("CMD")))


def documented() -> list[list[str]]:
    """The one-off commands that the page beside the compose file says: options, then a service, then words for it."""
    text = (ROOT / "docker" / "README.md").read_text(encoding="utf-8")
    return [shlex.split(words) for words in re.findall(r"docker compose run ([^`\n>]+)", text)]


@pytest.mark.parametrize("words", documented(), ids=shlex.join)
def test_a_command_that_is_documented_is_one_of_heartlines(words: list[str], services: dict[str, Any]) -> None:
    place = next(place for place, word in enumerate(words) if word in services)
    assert "build" in services[words[place]]
    commands.check(words[place + 1 :])


def test_commands_are_documented() -> None:
    assert len(documented()) >= 5


class Engine(Struct, frozen=True):
    """Runs a service of the compose file without an engine: its image, user, command, environment and files."""

    services: dict[str, Any]
    image: Image
    confined: Confinement
    port: int
    programs: Path

    def environment(self, name: str) -> dict[str, str]:
        """The environment of a service, in which the host `postgres` is where the tests' Postgres is."""
        told = dict(self.services[name]["environment"])
        if told.get("PGHOST") == "postgres":
            told |= {"PGHOST": "127.0.0.1", "PGPORT": str(self.port)}
        if settings.DATABASE_URL in told:
            url = told[settings.DATABASE_URL]
            assert "@postgres/" in url
            told[settings.DATABASE_URL] = url.replace("@postgres/", f"@127.0.0.1:{self.port}/")
        base = self.image.environment if "build" in self.services[name] else {}
        return base | told

    def command(self, name: str, *words: str) -> list[str]:
        """What runs a service, with words in place of its own command."""
        service = self.services[name]
        user = int(service["user"].split(":")[0])
        if "build" in service:
            own = list(words) or service.get("command") or self.image.last.words("CMD")
            program = self.image.command([*self.image.last.words("ENTRYPOINT"), *own])
            return self.confined.command(program, user=user, show=self.image.folders)
        files = mounted(service)
        told = [str(files.get(word, word)) for word in service["command"]]
        program = [str(self.programs / service["entrypoint"][0]), *told]
        folders = [self.programs.parents[2], *(path.parent for path in files.values())]
        return self.confined.command(program, user=user, show=folders)

    def run(self, name: str, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a service to its end, with more in its environment."""
        return _run(self.command(name, *words), self.environment(name) | more)

    def asking(self, words: list[str]) -> "subprocess.CompletedProcess[str]":
        """Run a health check beside the service."""
        user = int(self.services["heartline"]["user"].split(":")[0])
        command = self.confined.command(self.image.command(words), user=user, show=self.image.folders)
        return _run(command, self.image.environment)


def _run(command: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    # A backup is bytes: any of them is a character of this encoding.
    return subprocess.run(
        command, env=environment, cwd="/", capture_output=True, encoding="latin-1", timeout=60, check=False
    )


@pytest.fixture(scope="module")
def engine(
    services: dict[str, Any], image: Image, confined: Confinement, postgres: int, postgres_programs: Path
) -> Engine:
    """What runs the services, after those that run once, and end, have done so on an empty database."""
    engine = Engine(services, image, confined, postgres, postgres_programs)
    start(engine)
    return engine


def start(engine: Engine) -> None:
    for name in STEPS:
        ran = engine.run(name)
        assert ran.returncode == 0, (name, ran.stderr)


def test_the_services_start_in_an_order_in_which_each_finds_what_it_needs(services: dict[str, Any]) -> None:
    assert in_order(services) == ["postgres", *STEPS, "heartline"]


def test_starting_again_changes_nothing(engine: Engine) -> None:
    before = engine.run("heartline", "doctor", "--json").stdout
    start(engine)
    assert engine.run("heartline", "doctor", "--json").stdout == before
    assert " 0 events in 16 partitions" in before  # after the ledger's id


def test_the_service_serves_as_no_one_and_without_a_place_to_write(engine: Engine) -> None:
    refused = engine.run("heartline")
    assert refused.returncode != 0
    assert "heartline token create" in refused.stderr
    made = engine.run("heartline", "token", "create", "ops", "--scope", "admin")
    assert made.returncode == 0, made.stderr

    serve = engine.command("heartline", *engine.image.last.words("CMD"), "--port", "0")
    with (
        running(serve, engine.environment("heartline")) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        assert client.get("/readyz").json() == {"status": "ok"}
        line = SAMPLE.read_bytes().splitlines()[1]
        assert client.post("/v1/observations?gateway=home", content=line).status_code == 401
        client.headers["authorization"] = f"Bearer {made.stdout.strip()}"
        answer = client.post("/v1/observations?gateway=home", content=line)
        assert answer.json()["recorded"] == 1, answer.text
        assert engine.run("heartline", "backup", "-").stdout
        healthy = [word.replace("8787", str(port)) for word in engine.image.last.words("HEALTHCHECK")]
        assert engine.asking(healthy).returncode == 0


def test_the_service_logs_in_with_its_password_and_owns_nothing(engine: Engine) -> None:
    told = engine.run("heartline", "doctor")
    assert told.returncode == 0, told.stdout
    assert "heartline_service owns no table" in told.stdout
    assert engine.run("heartline", "migrate").returncode == 3


def test_nobody_logs_in_with_another_password(engine: Engine) -> None:
    told = engine.run("heartline", "doctor", PGPASSWORD="guessed")
    assert told.returncode == 3
    assert "password authentication failed" in told.stdout


def test_the_health_check_of_postgres_can_be_run(engine: Engine) -> None:
    _, program, *words = engine.services["postgres"]["healthcheck"]["test"]
    asked = [engine.programs / program, *words, "--port", str(engine.port)]
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 0
