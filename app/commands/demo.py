"""`huifang demo`: watch simulated people on this machine being really called and written to."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.context import Format, FormatOption, language, print_json, refuse, screen
from app.demo.holding import Watched
from app.demo.house import LINES
from app.demo.show import DemoReport, demonstrate
from app.watching import watching
from core.catalogue import text
from core.errors import HuifangError
from core.plan import SMS
from dialer.running import Dialer
from dialer.texting.terms import TextTally
from ivr.people.directory import behaviour_of
from ivr.people.writing import texter_of
from storage.database import Database
from storage.results import Result


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option(help="where to keep it / 存放位置")] = Path("var/demo"),
    form: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Call and write to simulated people, really, and show what came of it. / 演示"""
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
        return text("demo-people", words, uri=what.uri, sendsms=what.sendsms)
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
    way, batch = what
    how = text(f"demo-way-{way.plan}", words, lines=LINES)
    return text("demo-batch", words, name=batch.name, callbacks=batch.callbacks, how=how)


@contextlib.asynccontextmanager
async def _unseen(*_everything: object) -> AsyncIterator[None]:
    yield


def _seen(words: str) -> Watched:
    def watch(
        dialer: Dialer, database: Database, batches: Sequence[int], texts: TextTally
    ) -> contextlib.AbstractAsyncContextManager[None]:
        return watching(dialer, database, batches, words, texts=texts)

    return watch


def _show(report: DemoReport, words: str) -> None:
    table = Table(title=text("demo-results", words))
    for column in ("channel", "person", "number", "disposition", "verdict", "sip", "seconds"):
        table.add_column(text(f"demo-{column}", words))
    for (channel, person, disposition, verdict, status), results in _grouped(report).items():
        talked = [result.talk_seconds for result in results if result.talk_seconds]
        table.add_row(
            text(f"channel-{channel}", words),
            text(person, words),
            str(len(results)),
            text(f"disposition-{disposition}", words),
            text(f"verdict-{verdict}", words) if verdict else "-",
            str(status or "-"),
            f"{sum(talked) / len(talked):.0f}" if talked else "-",
        )
    screen.print(table)
    ways = {(channel,): ended for channel, ended in report.by_channel().items()}
    for channels, ended in (ways | report.onward()).items():
        way = " → ".join(text(f"channel-{channel}", words) for channel in channels)
        counted = "  ".join(
            f"{text(f'disposition-{w}', words)} {n}" for w, n in ended.most_common()
        )
        screen.print(f"{way} ({ended.total()}): {counted}", highlight=False)
    texts = report.held.texts
    screen.print(text("demo-texts", words, sent=texts.sent, received=texts.replies))
    screen.print(text("demo-spoken", words, number=report.spoken))
    screen.print(text("demo-queue", words, number=len(report.queue)), style="bold")
    for reason, number in Counter(item.reason for item in report.queue).most_common():
        screen.print(f"  {text(f'follow-up-{reason}', words)}: {number}")
    if report.right:
        done = text(
            "demo-right",
            words,
            people=len(report.parties),
            seconds=f"{report.seconds:.0f}",
            most=report.held.most_at_once,
        )
        screen.print(done, style="bold green")
    else:
        screen.print(text("demo-wrong", words, number=len(report.mismatches)), style="bold red")
        for mismatch in report.mismatches:
            screen.print(
                f"  {mismatch.number} {mismatch.person}: {mismatch.wanted} != {mismatch.found}",
                highlight=False,
            )
        for word, number in report.refused.items():
            screen.print(text("demo-refused", words, word=word, number=number), highlight=False)
    screen.print(text("demo-where", words, folder=report.folder), highlight=False)
    for command in ("queue list", "results -o results.xlsx", "batch list"):
        settings = f"{report.folder}/huifang.yaml"
        screen.print(f"  .venv/bin/huifang -c {settings} {command}", markup=False, highlight=False)


def _grouped(report: DemoReport) -> dict[tuple[str, str, str, str, int], list[Result]]:
    """Return the attempts, those that were alike together: channel, who it was (a catalogue key),
    disposition, verdict, SIP status."""
    groups: dict[tuple[str, str, str, str, int], list[Result]] = {}
    for result in report.results:
        who = (
            f"texter-{texter_of(result.number)}"
            if result.channel == SMS
            else f"person-{behaviour_of(result.number)}"
        )
        end = (result.disposition or "", result.verdict or "", result.sip_status)
        groups.setdefault((result.channel, who, *end), []).append(result)
    return dict(sorted(groups.items(), reverse=True))
