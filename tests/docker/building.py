"""Builds the image without an engine: the Dockerfile's own steps, with a folder that stands for `/`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

from tests.docker.dockerfile import ROOT, Instruction, Stage, context_files

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the programs of the base image lie, as it says itself."""


class Image(Struct, frozen=True):
    """What was built: `root` stands for `/`; of all that was made in it, the last stage holds `folders` only."""

    root: Path
    last: Stage

    @property
    def folders(self) -> list[Path]:
        return [Path(_below(self.root, one.words[-1])) for one in self.last.all("COPY")]

    @property
    def environment(self) -> dict[str, str]:
        """What a process finds in its environment: what the image says, and the home of a user without a name."""
        told = {name: _below(self.root, value) for name, value in self.last.environment.items()}
        return {"HOME": "/", **told, "PATH": told["PATH"].replace("$PATH", SYSTEM_PATH)}

    def command(self, words: list[str]) -> list[str]:
        """The words, with the program where an engine would find it."""
        program = shutil.which(words[0], path=self.environment["PATH"])
        assert program is not None, f"{words[0]} is not in the image"
        return [program, *words[1:]]


def build(stages: list[Stage], root: Path) -> Image:
    """Copy and run what the stages say. Nothing of this machine but Python, and what its pip is told, is used."""
    for stage in stages:
        where = root
        for one in stage.instructions:
            match one.keyword:
                case "WORKDIR":
                    where = Path(_below(root, one.text))
                    where.mkdir(parents=True, exist_ok=True)
                case "COPY":
                    _copy(one, where)
                case "RUN":
                    _run(_below(root, one.text), where)
                case _:
                    pass
    image = Image(root, stages[-1])
    _compile(image)
    return image


def _compile(image: Image) -> None:
    """Compile what heartline loads. That pip compiles every library takes as long as all the rest."""
    loaded = "import infrastructure.cli.main, infrastructure.http.serving, infrastructure.ledger.schema"
    subprocess.run(image.command(["python", "-c", loaded]), env={}, umask=0o022, cwd="/", check=True)


def _below(root: Path, text: str) -> str:
    """The text with each absolute path in it below the root."""
    return re.sub(r"(?<![\w./-])/(?=\w|$)", f"{root}/", text)


def _copy(one: Instruction, where: Path) -> None:
    if one.words[0].startswith("--from="):
        return  # it keeps its path, so that it lies there already
    *sources, target = one.words
    for source in sources:
        folder = ROOT / source if (ROOT / source).is_dir() else ROOT
        for path in context_files(source):
            place = where / target / (ROOT / path).relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, place)


def _run(command: str, where: Path) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HEARTLINE_"))}
    environment = {
        **ours,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_COMPILE": "0",  # which says "don't", as pip reads it: see `_compile`
    }
    ran = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=where,
        env=environment,
        umask=0o022,  # other users must be able to read it
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
