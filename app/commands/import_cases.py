"""`huifang import FILE`: cases from a file of the case platform."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.context import (
    Format,
    FormatOption,
    complaints,
    language,
    loaded,
    print_json,
    refuse,
    screen,
)
from core.catalogue import text
from core.clock import SystemClock
from core.errors import HuifangError
from storage.database import Database
from storage.importing.importer import ImportReport, import_file
from storage.importing.shipped import find_mapping


def import_cases(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or XLSX / 导出文件")],
    mapping: Annotated[
        str, typer.Option("--mapping", "-m", help="mapping: name or file / 映射名或文件")
    ] = "police",
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="file of rejected rows / 退回文件")
    ] = None,
    format: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Import cases; what cannot be used goes to a rejects file. / 导入案件"""
    known = loaded(ctx)
    chosen = language(ctx)
    try:
        report = asyncio.run(
            run_import(
                known.database_url,
                file,
                mapping,
                mappings=known.path(known.settings.folders.mappings),
                rejects=rejects,
                label=text("import-running", chosen),
            )
        )
    except HuifangError as error:
        refuse(error, chosen)
    if format is Format.JSON:
        print_json(report.as_json())
    else:
        show(report, chosen)


async def run_import(
    url: str, file: Path, mapping: str, *, mappings: Path, rejects: Path | None, label: str
) -> ImportReport:
    """Import with a progress bar on standard error."""
    found = find_mapping(mapping, mappings)
    database = Database(url)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    further = (TextColumn("{task.fields[rows]:>9,}"), TimeRemainingColumn())
    try:
        await database.ready()
        with Progress(*columns, *further, console=complaints, transient=True) as bar:
            task = bar.add_task(label, total=1.0, rows=0)
            return await import_file(
                database,
                file,
                found,
                clock=SystemClock(),
                rejects=rejects,
                progress=lambda rows, part: bar.update(task, completed=part, rows=rows),
            )
    finally:
        await database.close()


def show(report: ImportReport, language: str) -> None:
    """Print what became of the file."""
    counts = {name: value for name, value in report.as_json().items() if isinstance(value, int)}
    screen.print(text("import-done", language, file=report.file, **counts), markup=False)
    for kind, reasons in (("reason", report.reasons), ("warning", report.warnings)):
        for code, count in sorted(reasons.items(), key=lambda pair: -pair[1]):
            reason = text(code, language, value="…")
            screen.print(
                "  " + text(f"import-{kind}", language, count=count, reason=reason), markup=False
            )
    for kind, facts in (("changed", report.changed), ("differing", report.differing)):
        for fact, count in facts.items():
            known, _, name = fact.partition(".")
            shown = text(f"import-fact-{known}", language, name=name)
            screen.print(
                "  " + text(f"import-{kind}", language, count=count, fact=shown), markup=False
            )
    if report.unmapped_headings:
        headings = "、".join(report.unmapped_headings)
        screen.print("  " + text("import-unmapped", language, headings=headings), markup=False)
    if report.rejects_file:
        screen.print(text("import-rejects", language, file=report.rejects_file), markup=False)
