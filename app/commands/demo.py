"""`huifang demo`: watch real calls being made to simulated people on this machine."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.context import Format, FormatOption, language, print_json, refuse, screen
from app.demo.house import LINES
from app.demo.show import DemoReport, demonstrate
from app.watching import watching
from core.catalogue import text
from core.errors import HuifangError
from dialer.running import Dialer
from ivr.people.directory import behaviour_of
from storage.database import Database


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option(help="where to keep it / 存放位置")] = Path("var/demo"),
    form: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Call sixty simulated people over real SIP and show what came of it. / 演示"""
    words = language(ctx)
    quiet = form is Format.JSON

    def tell(step: str, what: Any) -> None:
        if not quiet:
            screen.print(_told(step, what, words), markup=False, highlight=False)

    try:
        report = asyncio.run(demonstrate(folder, words, tell, _unseen if quiet else _seen(words)))
    except HuifangError as error:
        refuse(error, words)
    if quiet:
        print_json(report.as_json())
    else:
        _show(report, words)
    if not report.right:
        raise typer.Exit(1)


def _told(step: str, what: Any, words: str) -> str:
    if step == "people":
        return text("demo-people", words, uri=what)
    if step == "hearing":
        return text("demo-hears" if what else "demo-keys-only", words)
    if step == "imported":
        return text(
            "demo-imported",
            words,
            accepted=what.accepted,
            duplicate=what.duplicate,
            rejected=what.rejected,
        )
    return text("demo-batch", words, name=what.name, callbacks=what.callbacks, lines=LINES)


@contextlib.asynccontextmanager
async def _unseen(_dialer: Dialer, _database: Database, _batch: int) -> AsyncIterator[None]:
    yield


def _seen(words: str) -> Any:
    def watch(
        dialer: Dialer, database: Database, batch: int
    ) -> contextlib.AbstractAsyncContextManager[None]:
        return watching(dialer, database, [batch], words)

    return watch


def _show(report: DemoReport, words: str) -> None:
    table = Table(title=text("demo-results", words))
    for column in ("person", "calls", "disposition", "verdict", "sip", "seconds"):
        table.add_column(text(f"demo-{column}", words))
    groups = Counter(
        (behaviour_of(r.number).value, r.disposition or "", r.verdict or "", r.sip_status)
        for r in report.results
    )
    for (behaviour, disposition, verdict, status), number in sorted(groups.items()):
        talked = [
            r.talk_seconds
            for r in report.results
            if behaviour_of(r.number) == behaviour and r.talk_seconds
        ]
        table.add_row(
            text(f"person-{behaviour}", words),
            str(number),
            text(f"disposition-{disposition}", words),
            text(f"verdict-{verdict}", words) if verdict else "-",
            str(status),
            f"{sum(talked) / len(talked):.0f}" if talked else "-",
        )
    screen.print(table)
    screen.print(text("demo-spoken", words, number=report.spoken))
    screen.print(text("demo-queue", words, number=len(report.queue)), style="bold")
    for reason, number in Counter(item.reason for item in report.queue).most_common():
        screen.print(f"  {text(f'follow-up-{reason}', words)}: {number}")
    if report.right:
        done = text("demo-right", words, seconds=f"{report.seconds:.0f}", most=report.most_at_once)
        screen.print(done, style="bold green")
    else:
        screen.print(text("demo-wrong", words, number=len(report.mismatches)), style="bold red")
        for mismatch in report.mismatches:
            screen.print(
                f"  {mismatch.number} {mismatch.person}: {mismatch.wanted} != {mismatch.found}",
                highlight=False,
            )
    screen.print(text("demo-where", words, folder=report.folder), highlight=False)
    for command in ("queue list", "results -o results.xlsx", "batch list"):
        settings = f"{report.folder}/huifang.yaml"
        screen.print(f"  .venv/bin/huifang -c {settings} {command}", markup=False, highlight=False)
