"""Reads the Dockerfile and its ignore file as a build would: instructions by stage, and what a copy brings."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
IGNORED = ROOT / "docker" / "Dockerfile.dockerignore"
"""Where a build of `docker/Dockerfile` looks first, wherever its context lies."""


class Instruction(Struct, frozen=True):
    """One instruction, its continued lines joined."""

    keyword: str
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def exec_form(self) -> list[str] | None:
        """The words of the exec form, None where it is the shell's; a health check's command follows its options."""
        text = self.text.partition("CMD ")[2] if self.keyword == "HEALTHCHECK" else self.text
        return json.loads(text) if text.startswith("[") else None


class Stage(Struct, frozen=True):
    """What follows one `FROM`."""

    base: str
    name: str | None
    instructions: list[Instruction]

    def all(self, keyword: str) -> list[Instruction]:
        return [one for one in self.instructions if one.keyword == keyword]

    def only(self, keyword: str) -> Instruction:
        (found,) = self.all(keyword)
        return found

    def words(self, keyword: str) -> list[str]:
        """The words of the only instruction of this kind, which must be of exec form."""
        found = self.only(keyword).exec_form
        assert found is not None, f"{keyword} is not of exec form"
        return found

    @property
    def environment(self) -> dict[str, str]:
        return dict(word.split("=", 1) for one in self.all("ENV") for word in one.words)


def stages(text: str) -> list[Stage]:
    found: list[Stage] = []
    for one in _instructions(text):
        if one.keyword == "FROM":
            base, *name = one.words
            found.append(Stage(base, name[1] if name else None, []))
        else:
            found[-1].instructions.append(one)
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for whole in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        keyword, _, rest = whole.partition(" ")
        yield Instruction(keyword, rest.strip())


def is_ignored(path: str, patterns: list[str]) -> bool:
    """Say whether an ignore file leaves a path out; the last pattern that names it, or a folder above it, decides."""
    parts = path.split("/")
    names = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    ignored = False
    for pattern in patterns:
        form = _form(pattern.removeprefix("!"))
        if any(form.fullmatch(name) for name in names):
            ignored = not pattern.startswith("!")
    return ignored


def _form(pattern: str) -> re.Pattern[str]:
    forms = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(forms.get(part) or re.escape(part) for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern)))


def ignore_patterns() -> list[str]:
    lines = IGNORED.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def context_files(source: str) -> list[Path]:
    """The files that copying a source of the context brings, by their paths in it."""
    start = ROOT / source
    found = [start] if start.is_file() else sorted(one for one in start.rglob("*") if one.is_file())
    patterns = ignore_patterns()
    return [one for one in (path.relative_to(ROOT) for path in found) if not is_ignored(one.as_posix(), patterns)]
