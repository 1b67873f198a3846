"""Renders the reference of all commands from the commands themselves.

``python -m app.reference`` rewrites docs/commands.md; a test fails when the page is not what
this gives, or when a command or option says nothing about itself.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from app.main import app

HEAD = """# Commands

Made by `python -m app.reference`; a test holds it to the program.

Options that stand before every command:
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name, groups first."""
    yield from _walk("huifang", typer.main.get_command(app))


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child_name, child in getattr(command, "commands", {}).items():
        yield from _walk(f"{name} {child_name}", child)


def reference() -> str:
    """Return the page."""
    parts = [HEAD]
    for name, command in commands():
        if name != "huifang":
            parts.append(f"## `{name}`\n\n{_first_paragraph(command.help)}\n")
        rows = list(_rows(command))
        if rows:
            parts.append("| argument | meaning |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").split("\f")[0].split())


def _rows(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if parameter.name == "help":
            continue
        names = list(parameter.opts) + list(parameter.secondary_opts)
        if parameter.param_type_name == "argument":
            names = [parameter.name.upper()]
        meaning = " ".join((getattr(parameter, "help", "") or "").split()).replace("|", "\\|")
        required = "" if not parameter.required else " (required)"
        yield f"| `{'`, `'.join(names)}` | {meaning}{required} |"


def rewrite(file: Path) -> None:
    """Write the page."""
    file.write_text(reference(), "utf-8")


if __name__ == "__main__":
    rewrite(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/commands.md"))
