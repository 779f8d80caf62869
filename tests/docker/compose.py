"""Reads the compose file as an engine would, with its variables given."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.docker.dockerfile import ROOT

FILE = ROOT / "docker" / "compose.yaml"

VARIABLE = re.compile(r"\$\{(\w+)(?::\?([^}]*))?\}")
"""`${NAME}`, or `${NAME:?what to do where it is not set}`."""


def composed(variables: dict[str, str]) -> dict[str, Any]:
    """The file as data.

    Raises:
        KeyError: it wants a variable that is not given.
    """
    filled: dict[str, Any] = _filled(yaml.safe_load(FILE.read_text(encoding="utf-8")), variables)
    return filled


def in_order(services: dict[str, Any]) -> list[str]:
    """The services, each after those that it depends on."""
    ordered: list[str] = []

    def visit(name: str) -> None:
        for needed in services[name].get("depends_on", {}):
            visit(needed)
        if name not in ordered:
            ordered.append(name)

    for name in services:
        visit(name)
    return ordered


def mounted(service: dict[str, Any]) -> dict[str, Path]:
    """The files of this repository that a service sees, by their path in it."""
    pairs = [volume.split(":")[:2] for volume in service.get("volumes", [])]
    return {target: (FILE.parent / source).resolve() for source, target in pairs if source.startswith(".")}


def _filled(value: Any, variables: dict[str, str]) -> Any:
    match value:
        case str():
            return VARIABLE.sub(lambda found: variables[found[1]], value)
        case dict():
            return {key: _filled(item, variables) for key, item in value.items()}
        case list():
            return [_filled(item, variables) for item in value]
        case _:
            return value
