"""The Dockerfile keeps the rules by which it was written."""

import re
import tomllib

import pytest

from tests.docker import commands
from tests.docker.dockerfile import DOCKERFILE, ROOT, Stage, context_files, ignore_patterns, is_ignored

FILES = sorted(path for path in DOCKERFILE.parent.iterdir() if path.suffix != ".md")


@pytest.fixture(scope="module")
def last(dockerfile: list[Stage]) -> Stage:
    return dockerfile[-1]


def test_every_base_is_named_by_its_version(dockerfile: list[Stage]) -> None:
    for stage in dockerfile:
        assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", stage.base)


def test_the_environment_is_built_on_the_base_that_runs_it(dockerfile: list[Stage]) -> None:
    assert len({stage.base for stage in dockerfile}) == 1


def test_the_python_of_the_base_is_one_that_the_project_names(last: Stage) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = last.base.removeprefix("python:").partition("-")[0]
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


def test_it_runs_as_a_user_with_a_number_that_is_not_roots(last: Stage) -> None:
    user, group = last.only("USER").text.split(":")
    assert int(user) > 0
    assert int(group) > 0
    keywords = [one.keyword for one in last.instructions]
    assert keywords.index("USER") < keywords.index("ENTRYPOINT")


def test_the_program_gets_the_signals(last: Stage) -> None:
    assert last.only("ENTRYPOINT").exec_form == ["heartline"]
    assert last.only("CMD").exec_form is not None
    assert last.only("STOPSIGNAL").text == "SIGTERM"


def test_the_command_is_one_of_heartlines(last: Stage) -> None:
    commands.check(last.words("CMD"))


def test_the_last_stage_holds_what_was_built_and_runs_nothing_more(last: Stage) -> None:
    assert last.all("RUN") == []
    for one in last.all("COPY"):
        option, source, target = one.words
        assert option.startswith("--from=")
        assert source == target, "an environment names its own path"


def test_nothing_is_added_from_elsewhere(dockerfile: list[Stage]) -> None:
    names: set[str | None] = set()
    for stage in dockerfile:
        assert stage.all("ADD") == []
        froms = {word.removeprefix("--from=") for one in stage.all("COPY") for word in one.words if "--from" in word}
        assert froms <= names
        names.add(stage.name)


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_no_host_is_named(path: object) -> None:
    text = re.sub(r"(?m)#.*$", "", DOCKERFILE.parent.joinpath(str(path)).read_text(encoding="utf-8"))
    assert re.findall(r"https?://|\b[\w-]+\.(?:com|dev|io|net|org)\b(?!\.)", text) == []


def test_every_source_exists_and_is_not_ignored(dockerfile: list[Stage]) -> None:
    sources = [word for stage in dockerfile for one in stage.all("COPY") for word in one.words[:-1]]
    own = [source for source in sources if not source.startswith(("-", "/"))]
    assert own
    for source in own:
        assert context_files(source), source


def test_the_build_sees_the_package_and_nothing_beside_it() -> None:
    seen = {path.name for path in ROOT.iterdir() if not is_ignored(path.name, ignore_patterns())}
    assert seen == {"pyproject.toml", "README.md", "LICENSE", "domain", "projections", "infrastructure"}


@pytest.mark.parametrize(
    ("path", "ignored"),
    [("a", True), ("a/b.txt", True), ("kept", False), ("kept/b.txt", False), ("kept/x/cache/b.txt", True)],
)
def test_the_last_pattern_of_an_ignore_file_decides(path: str, *, ignored: bool) -> None:
    assert is_ignored(path, ["*", "!kept", "**/cache"]) == ignored
