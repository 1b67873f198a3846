"""What every command needs: the settings, the language, and how to print for machines."""

import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console

from app import scheduled
from config.loading import Loaded, load
from core.errors import AuthorError, HuifangError


class Format(StrEnum):
    """For people, or for machines."""

    TEXT = "text"
    JSON = "json"


FormatOption = typer.Option("--format", help="text or json / 文本或 JSON")

# Where there is no terminal to fit into (a pipe, a file), lines may be as long as they need.
screen = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 200)
complaints = Console(stderr=True, soft_wrap=True)


@dataclass(frozen=True)
class Invocation:
    """What stands before the command's name; kept as `ctx.obj`."""

    config: Path | None = None
    language: str | None = None


def language(ctx: typer.Context) -> str:
    """Return the language of this run's screens: --language, the settings', the locale's, Chinese.

    The locale counts only where nothing is set up yet, as for somebody who tries the
    demonstration.
    """
    given: Invocation = ctx.obj or Invocation()
    if given.language:
        return given.language
    try:
        found = load(given.config)
    except HuifangError:
        return "zh"  # whoever needs the settings will hear what is wrong with them
    if not found.written and "HUIFANG_LANGUAGE" not in os.environ:
        locale = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
        return "en" if locale.startswith("en") else "zh"
    return found.settings.language


def loaded(ctx: typer.Context) -> Loaded:
    """Return the valid settings; show every fault and exit 2 where they are not."""
    given: Invocation = ctx.obj or Invocation()
    try:
        found = load(given.config)
        if problems := scheduled.faults(found):
            raise AuthorError(*problems)
        return found
    except HuifangError as error:
        refuse(error, given.language or "zh")


def moment(ctx: typer.Context, at: datetime) -> str:
    """Return a moment as screens show it: in the time zone of the calling rules."""
    return scheduled.shown(loaded(ctx), at)


def print_json(value: Any) -> None:
    """Print one JSON document on standard output, Chinese left readable."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
    sys.stdout.flush()  # somebody at the other end of a pipe may be waiting for it


def refuse(error: HuifangError, language: str) -> NoReturn:
    """Show every problem on standard error and exit 2: bad input changes nothing."""
    for line in error.sentences(language):
        complaints.print(line, style="red", markup=False, highlight=False)
    raise typer.Exit(2)
