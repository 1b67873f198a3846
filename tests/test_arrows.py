"""Imports go one way: the rooms use each other only along the arrows of architecture.md."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ARROWS: dict[str, set[str]] = {
    "core": set(),
    "config": {"core"},
    "flows": {"core"},
    "speech": {"core"},
    "storage": {"core"},
    "ivr": {"flows", "speech", "core"},
    "dialer": {"ivr", "storage", "flows", "core"},
    "followup": {"storage", "core"},
    "reports": {"storage", "core"},
    "app": {
        "core",
        "config",
        "flows",
        "speech",
        "storage",
        "ivr",
        "dialer",
        "followup",
        "reports",
    },
}
CORE_LIBRARIES = {"phonenumbers", "ruamel", "pydantic", "pydantic_core"}
"""ruamel and pydantic: core/document.py reads YAML with places for three rooms."""


def imported(file: Path) -> set[str]:
    """Return the top-level packages that `file` imports anywhere, functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found.add((node.module or "").split(".")[0])
    return found


def product_files(room: str) -> list[Path]:
    return [
        file
        for file in sorted((ROOT / room).rglob("*.py"))
        if not file.name.startswith("test_") and file.name != "conftest.py"
    ]


@pytest.mark.parametrize("room", ARROWS)
def test_a_room_imports_only_along_its_arrows(room: str) -> None:
    files = product_files(room)
    assert files
    for file in files:
        forbidden = (imported(file) & set(ARROWS)) - ARROWS[room] - {room}
        assert not forbidden, f"{file.relative_to(ROOT)} must not import {sorted(forbidden)}"


def test_core_needs_hardly_more_than_the_standard_library() -> None:
    for file in product_files("core"):
        foreign = imported(file) - set(sys.stdlib_module_names) - {"core"} - CORE_LIBRARIES
        assert not foreign, f"{file.name} imports {sorted(foreign)}"


def test_every_room_is_known() -> None:
    rooms = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert rooms == set(ARROWS)


def test_no_room_for_leftovers() -> None:
    banned = {"utils", "helpers", "manager", "managers", "common", "misc"}
    for room in ARROWS:
        for path in (ROOT / room).rglob("*"):
            assert path.stem not in banned, path
