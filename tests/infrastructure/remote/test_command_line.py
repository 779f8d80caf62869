"""Every command takes `--url`, and prints the same bytes as it does beside the database."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastructure.answers.listings import LISTINGS
from infrastructure.cli.main import commands, main
from tests.infrastructure.cli.sample import KEY, SAMPLE, shown
from tests.infrastructure.embedded.support import PROJECT
from tests.infrastructure.remote import strange
from tests.infrastructure.remote.peers import Said, peer, problem

Run = Callable[..., tuple[object, bytes, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process, away from any database but the one that is named."""

    def ran(*arguments: str, database: str | None = None, token: str | None = None) -> tuple[object, bytes, str]:
        monkeypatch.setenv("HEARTLINE_HOME", str(tmp_path / "no" / "home"))
        for name, value in (("HEARTLINE_DATABASE_URL", database), ("HEARTLINE_TOKEN", token)):
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, value)
        written, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(written)
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main(arguments)
        assert "Traceback" not in err.getvalue()
        assert not (tmp_path / "no").exists()
        return ended.value.code, written.getvalue(), err.getvalue()

    return ran


ASKED = [
    *((one.command,) for one in LISTINGS),
    *((one.command, "--routing-key", KEY, "--agent", "main", "--limit", "2") for one in LISTINGS),
    ("engines", "--engine-key", KEY, "--gateway", "sample"),
    ("keys", "--session-id", "s", "--since", "2020-01-01", "--until", "2100-01-01"),
    ("streams",),
    ("streams", "--gateway", "sample"),
    ("events",),
    ("events", *SAMPLE, "--type", "TurnCommitted", "--limit", "3"),
    ("events", *SAMPLE, "--follow", "--since", "2026-11-23", "--limit", "12"),
    ("events", "--since", "2026-11-24", "--until", "2026-11-24T00:30:00Z"),
    ("state", *SAMPLE),
    ("state", *SAMPLE, "--at", "40"),
    ("context", *SAMPLE),
    ("context", *SAMPLE, "--submitted", "7"),
    ("context", "11-103"),
    ("context", strange.KEY),
    ("audit",),
    ("audit", "--gateway", "other"),
    ("verify",),
]

REFUSED = [
    ("streams", "--gateway", "smaple"),
    ("engines", "--gateway", "smaple"),
    ("keys", "--after", "nonsense"),
    ("keys", "--since", "soon"),
    ("events", "--after", "nonsense"),
    ("events", "--after", "nonsense", "--follow"),
    ("events", "--until", "24h", "--follow"),
    ("events", KEY, "--follow"),
    ("events", KEY),
    ("events", "--since", "soon"),
    ("state", "nobody"),
    ("state", *SAMPLE, "--at", "soon"),
    ("context", *SAMPLE, "--call", "26"),
    ("context", f"{KEY}#4", "--call", "3", "--gateway", "sample"),
    ("context", *SAMPLE, "--call", "3", "--submitted", "3"),
    ("audit", "--gateway", "smaple"),
    ("verify", "--checkpoint", "/no/such/file"),
    ("checkpoint", "/no/such/folder/file"),
]


@pytest.mark.parametrize("arguments", ASKED, ids=shown)
@pytest.mark.parametrize("form", [("--json",), ()], ids=["json", "text"])
def test_the_answer_of_a_service_is_printed_as_that_of_its_database(
    run: Run, filled: str, served: str, arguments: tuple[str, ...], form: tuple[str, ...]
) -> None:
    here = run(*arguments, *form, database=filled)
    assert run(*arguments, *form, "--url", served) == here
    assert here[1]
    assert here[0] in (0, 1)


@pytest.mark.parametrize("arguments", REFUSED, ids=shown)
def test_what_is_refused_ends_with_the_same_code_and_words(
    run: Run, filled: str, served: str, arguments: tuple[str, ...]
) -> None:
    here = run(*arguments, database=filled)
    assert run(*arguments, "--url", served) == here
    assert here[0] in (2, 3)


def test_a_checkpoint_taken_through_a_service_proves_at_the_database(
    run: Run, filled: str, served: str, tmp_path: Path
) -> None:
    file = str(tmp_path / "checkpoints")
    taken = run("checkpoint", file, "--json", "--url", served)
    assert run("checkpoint", file, "--json", database=filled) == taken
    assert Path(file).read_bytes() == taken[1]
    assert run("verify", "--checkpoint", file, database=filled)[0] == 0
    assert run("verify", "--checkpoint", file, "--url", served)[0] == 0


def test_doctor_looks_at_the_service_and_at_its_database(run: Run, served: str) -> None:
    _code, out, _err = run("doctor", "--url", served)
    assert [line.split()[0] for line in out.decode().splitlines()] == [
        *("heartline", "service", "ready", "clock", "postgres", "schema", "role", "ledger", "projections")
    ]
    with peer(problem(503, "database-unavailable", "The database went away.")) as troubled:
        code, out, _err = run("doctor", "--url", troubled.url)
    assert code == 3
    assert b"ready         WRONG  The database went away." in out
    code, out, _err = run("doctor", "--url", "http://127.0.0.1:1")
    assert (code, b"heartline serve" in out) == (3, True)


def test_a_service_is_not_migrated_from_afar(run: Run, served: str) -> None:
    code, _out, err = run("migrate", "--url", served)
    assert (code, "HEARTLINE_DATABASE_URL" in err) == (2, True)


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (Said(200, "text/html", b"<html>"), 3, "proxy"),
        (problem(401, "unknown-token", "No token was given."), 3, "HEARTLINE_TOKEN"),
        (problem(500, "internal-error", "It failed."), 3, "It failed."),
        (problem(400, "anything", "No."), 2, "No. [anything]"),
    ],
)
def test_what_goes_wrong_there_is_said_in_one_line_with_its_code(run: Run, said: Said, code: int, words: str) -> None:
    with peer(said) as other:
        ended, out, err = run("streams", "--url", other.url)
    assert (ended, out, len(err.splitlines())) == (code, b"", 1)
    assert words in err


def test_the_token_of_the_environment_goes_to_the_service(run: Run) -> None:
    with peer(Said()) as other:
        run("streams", "--url", other.url, token="swordfish")
    ((_path, headers),) = other.asked
    assert "Bearer swordfish" in headers.values()


def test_what_is_generated_is_recorded_into_a_service_as_into_its_database(run: Run, filled: str, served: str) -> None:
    arguments = ("generate", "--events", "60", "--record")
    there = run(*arguments, "--gateway", "generated-there", "--url", served)
    here = run(*arguments, "--gateway", "generated-here", database=filled)
    assert (there[0], there[1].replace(b"-there", b"-here")) == (here[0], here[1])
    assert b" 0 rejected" in here[1]


def test_every_command_that_asks_takes_a_url() -> None:
    asking = (
        "import",
        "streams",
        "events",
        "state",
        "context",
        "audit",
        "verify",
        "checkpoint",
        "doctor",
        "migrate",
        "generate",
    )
    for name in asking:
        assert any(option.name == "url" for option in commands.commands[name].params), name


def test_commands_beside_the_database_do_not_load_an_http_client() -> None:
    looked = "import sys, infrastructure.cli.main; sys.exit('httpx' in sys.modules or 'litestar' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", looked], cwd=PROJECT, check=False).returncode == 0
