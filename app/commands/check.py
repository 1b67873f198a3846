"""`huifang check`: is everything there that a batch needs?"""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.context import Format, FormatOption, language, loaded, print_json, screen
from app.readiness import Finding, look
from config.loading import Loaded
from core.catalogue import text


def check(ctx: typer.Context, form: Annotated[Format, FormatOption] = Format.TEXT) -> None:
    """Look at everything a batch needs before it starts. / 检查批次所需的一切"""
    settings, words = loaded(ctx), language(ctx)
    findings = asyncio.run(_look(settings, words, form))
    bad = sum(not finding.good for finding in findings)
    if form is Format.JSON:
        print_json({"ready": not bad, "findings": [finding.as_json() for finding in findings]})
    elif bad:
        screen.print(text("check-not-ready", words, number=bad), style="red")
    else:
        screen.print(text("check-all-good", words), style="green")
    if bad:
        raise typer.Exit(1)


async def _look(settings: Loaded, words: str, form: Format) -> list[Finding]:
    found = []
    async for finding in look(settings, datetime.now(UTC), words):
        found.append(finding)
        if form is Format.TEXT:
            mark = "[green]✓[/]" if finding.good else "[red]✗[/]"
            screen.print(mark, end=" ")
            screen.print(f"{finding.what} {finding.name}".strip(), style="bold", end="  ")
            screen.print(finding.detail, markup=False, highlight=False)
    return found
