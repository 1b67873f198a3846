"""What every command needs: the settings, the language, and how to print for machines."""

import json
import sys
from enum import StrEnum
from typing import Any

import typer
from rich.console import Console

from config.settings import Settings, load
from core.errors import HuifangError


class Format(StrEnum):
    """For people, or for machines."""

    TEXT = "text"
    JSON = "json"


FormatOption = typer.Option(Format.TEXT, "--format", help="text or json / 文本或 JSON")

screen = Console(soft_wrap=True)
complaints = Console(stderr=True, soft_wrap=True)


def settings(ctx: typer.Context) -> Settings:
    """Return the validated settings of this run; exits with every problem shown where not."""
    path, language = ctx.obj["config"], ctx.obj["language"]
    try:
        loaded = load(path, language=language)
    except HuifangError as error:
        refuse(error, ctx.obj["language"] or "zh")
    return loaded


def language(ctx: typer.Context) -> str:
    """Return the language of screens: --language, else the settings' (without reading them: zh)."""
    chosen: str = ctx.obj["language"] or "zh"
    return chosen


def print_json(value: Any) -> None:
    """Print one JSON document on standard output, Chinese left readable."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def refuse(error: HuifangError, language: str) -> None:
    """Show every problem on standard error and exit 2: bad input changes nothing."""
    for line in error.sentences(language):
        complaints.print(line, style="red", markup=False, highlight=False)
    raise typer.Exit(2)
