"""The documents speak of what is there: links lead somewhere, commands and pages exist."""

import re
import shlex
from pathlib import Path

import pytest

from app.reference import commands

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
KNOWN = dict(commands())


def code_lines(page: Path) -> list[str]:
    """Return the lines of all shell blocks of a page, comments taken off."""
    lines: list[str] = []
    for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", page.read_text("utf-8"), re.S):
        lines += [line.split("  #")[0].strip() for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def mentioned(page: Path) -> list[str]:
    """Return every `huifang ...` in code of a page."""
    inline = re.findall(r"`((?:\.venv/bin/)?huifang [^`]+)`", page.read_text("utf-8"))
    return [line for line in [*code_lines(page), *inline] if "huifang " in line]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


WRITTEN = [page for page in PAGES if page.name != "commands.md"]  # that one is generated


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Path) -> None:
    for line in mentioned(page):
        words = shlex.split(line[line.index("huifang ") :])
        name, options = "huifang", []
        for word in words[1:]:
            if word.startswith("-"):
                options.append(word.split("=")[0])
            elif not options and f"{name} {word}" in KNOWN:
                name = f"{name} {word}"
        assert name in KNOWN, line
        group = bool(getattr(KNOWN[name], "commands", None))
        assert not group or options, f"{page.name}: {line}"
        known = {
            option
            for command in ("huifang", name)
            for parameter in KNOWN[command].params
            for option in [*parameter.opts, *parameter.secondary_opts]
        }
        assert set(options) <= known | {"--help"}, line


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    used = {line.split()[1] for line in code_lines(ROOT / page) if line.startswith("make ")}
    assert {"demo", "test"} <= used <= targets


def test_the_two_readmes_say_the_same() -> None:
    def shape(page: str) -> tuple[list[str], list[str], int, int]:
        text = (ROOT / page).read_text("utf-8")
        return (
            code_lines(ROOT / page),
            re.findall(r"\]\((docs/[^)]+)\)", text),
            len(re.findall(r"^## ", text, re.M)),
            len(re.findall(r"^- \*\*", text, re.M)),
        )

    assert shape("README.md") == shape("README.zh.md")


def test_every_page_is_linked_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in text, page.name


def test_the_architecture_page_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for room in (file.parent.name for file in ROOT.glob("*/__init__.py")):
        if room not in ("tests", "benchmarks"):
            assert f"`{room}/`" in text, room


def test_the_files_of_the_architecture_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = re.findall(r"`([a-z0-9_/]+(?:\.py|/))`", page)
    assert len(named) > 40
    for name in named:
        # Files of one room are named without it after the first.
        assert (ROOT / name).exists() or list(ROOT.glob(f"[a-z]*/**/{name}")), name
