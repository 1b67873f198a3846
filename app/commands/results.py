"""`huifang results` and `huifang write-back`: what came of the calls, for people and programs."""

import asyncio
import os
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.context import Format, FormatOption, language, loaded, print_json, refuse, screen
from config.loading import Loaded
from core.catalogue import text
from core.clock import SystemClock
from core.errors import AuthorError, HuifangError, problem
from core.respondent import RespondentClass
from reports.results import Shape, export_results, write_csv, write_json
from storage.database import Database
from storage.importing.shipped import find_mapping
from storage.results import ResultFilter, aspects_in_use
from storage.results import results as found
from storage.writeback import Receipt, write_files, write_rows


class ResultFormat(StrEnum):
    """How results are written."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"


def results(
    ctx: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="file; else the screen / 文件")
    ] = None,
    format: Annotated[
        ResultFormat | None, typer.Option("--format", help="csv, json, xlsx / 格式")
    ] = None,
    batch: Annotated[str, typer.Option(help="of this batch / 批次")] = "",
    since: Annotated[datetime | None, typer.Option(help="from / 起始时间")] = None,
    until: Annotated[datetime | None, typer.Option(help="before / 截止时间（不含）")] = None,
    respondent_class: Annotated[
        RespondentClass | None, typer.Option("--class", help="respondent class / 回访类别")
    ] = None,
    unit: Annotated[str, typer.Option(help="unit, with those below it / 单位（含下级）")] = "",
    show_numbers: Annotated[
        bool, typer.Option("--show-numbers", help="whole phone numbers / 显示完整号码")
    ] = False,
) -> None:
    """Export what every attempt came to. / 导出回访结果"""
    known = loaded(ctx)
    zone = ZoneInfo(known.settings.calling.time_zone)
    wanted = ResultFilter(
        batch=batch,
        since=since and since.replace(tzinfo=zone),
        until=until and until.replace(tzinfo=zone),
        respondent_class=respondent_class or "",
        unit=unit,
    )
    shape = Shape(language=language(ctx), time_zone=zone.key, show_numbers=show_numbers)
    ending = output.suffix.lower().lstrip(".") if output is not None else ""
    kind = format or (ResultFormat(ending) if ending in list(ResultFormat) else ResultFormat.CSV)
    try:
        if output is None and kind is ResultFormat.XLSX:
            raise AuthorError(problem("results-file-needed"))
        count = asyncio.run(_export(known.database_url, output, kind, wanted, shape))
    except HuifangError as error:
        refuse(error, language(ctx))
    if output is not None:
        screen.print(text("results-written", language(ctx), count=count, file=output))


async def _export(
    url: str, output: Path | None, kind: ResultFormat, wanted: ResultFilter, shape: Shape
) -> int:
    database = Database(url)
    try:
        if output is not None:
            return await export_results(database, output, kind, wanted=wanted, shape=shape)
        shape.aspects = await aspects_in_use(database)
        write = write_json if kind is ResultFormat.JSON else write_csv
        return await write(found(database, wanted), sys.stdout, shape)
    finally:
        await database.close()


def write_back(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(help="only this one / 只回写这一处")] = "",
    format: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Write new results back to where the cases came from, each once. / 回写结果"""
    try:
        receipts = asyncio.run(run_write_back(loaded(ctx), target, language(ctx)))
    except HuifangError as error:
        refuse(error, language(ctx))
    if format is Format.JSON:
        rows = [{"target": r.target, "receipt": r.receipt, "results": r.results} for r in receipts]
        print_json(rows)
        return
    for one in receipts:
        values = {"target": one.target, "receipt": one.receipt, "count": one.results}
        screen.print(text("write-back-done", language(ctx), **values))
    if not receipts:
        screen.print(text("write-back-nothing", language(ctx), target=target or "*"))


async def run_write_back(known: Loaded, target: str, language: str) -> list[Receipt]:
    """Write back to every configured target, or to the one named."""
    wanted = [one for one in known.settings.write_back if target in ("", one.name)]
    if target and not wanted:
        raise AuthorError(problem("write-back-unknown", target=target))
    receipts: list[Receipt] = []
    clock = SystemClock()
    database = Database(known.database_url)
    try:
        for one in wanted:
            if one.folder is not None:
                mapping = find_mapping(one.mapping, known.path(known.settings.folders.mappings))
                folder = known.path(one.folder)
                receipts += await write_files(
                    database, one.name, folder, mapping, clock=clock, language=language
                )
                continue
            url = os.environ.get(one.url_env, "")
            if not url:
                raise AuthorError(problem("write-back-url", target=one.name, variable=one.url_env))
            receipts += await write_rows(
                database, one.name, url, one.table, one.columns, clock=clock
            )
    finally:
        await database.close()
    return receipts
