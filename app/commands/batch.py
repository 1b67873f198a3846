"""`huifang batch`: make batches, look at them, pause, resume, drain and stop them."""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.progress import Progress
from rich.table import Table

from app.context import Format, FormatOption, complaints, language, print_json, screen
from app.opened import whoever, with_database
from app.plans import plan_named, survey_for
from config.loading import Loaded
from core.catalogue import text
from core.clock import Clock
from core.errors import AuthorError, problem
from core.respondent import RespondentClass
from dialer.batch_report import BatchReport
from dialer.batches import create_batch
from dialer.calendar import UnknownTimeZoneError, zone
from dialer.sampling import STRATA, Sample
from storage.batches import BatchStatus, ask, batch_named, statuses
from storage.database import Database
from storage.selection import CaseQuery

app = typer.Typer(no_args_is_help=True, help="Batches of callbacks / 回访批次")


Name = Annotated[str, typer.Argument(help="its name or number / 批次名称或编号")]
By = Annotated[str, typer.Option("--by", help="who asks / 操作人")]
Why = Annotated[str, typer.Option("--reason", help="why, for the record / 原因")]
Output = Annotated[Format, FormatOption]


@app.command("make")
def make(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="what it is called / 批次名称")],
    survey: Annotated[str, typer.Option("--survey", "-s", help="survey: name or file / 问卷")],
    respondents: Annotated[
        list[RespondentClass] | None, typer.Option("--class", help="class of respondents / 类别")
    ] = None,
    unit: Annotated[
        list[str] | None, typer.Option("--unit", help="unit with all below it / 单位（含下级）")
    ] = None,
    accepted_from: Annotated[
        str, typer.Option("--accepted-from", help="accepted from this day / 受理起始日期")
    ] = "",
    accepted_until: Annotated[
        str, typer.Option("--accepted-until", help="accepted before this day / 受理截止日期")
    ] = "",
    closed_from: Annotated[
        str, typer.Option("--closed-from", help="closed from this day / 办结起始日期")
    ] = "",
    closed_until: Annotated[
        str, typer.Option("--closed-until", help="closed before this day / 办结截止日期")
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="with one of these tags / 带有标签")
    ] = None,
    without_tag: Annotated[
        list[str] | None, typer.Option("--without-tag", help="without these tags / 不带标签")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="case platform / 案件来源")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="also those already called back / 含已回访过的（复访）")
    ] = False,
    sample: Annotated[
        str, typer.Option("--sample", help="so many (500) or a share (10%) / 抽查人数或比例")
    ] = "",
    by: Annotated[
        list[str] | None,
        typer.Option("--sample-by", help="strata: unit class tag officer branch / 分层依据"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="seed of the sample / 抽样种子")] = 0,
    each: Annotated[
        bool, typer.Option("--each-at-least-one", help="no stratum left out / 每层至少一人")
    ] = False,
    priority: Annotated[
        int, typer.Option("--priority", help="lower is called first / 数字小的先呼叫")
    ] = 0,
    deadline: Annotated[
        str, typer.Option("--deadline", help="nobody is called after it / 批次期限")
    ] = "",
    plan: Annotated[
        str,
        typer.Option(
            help="how people are reached: voice, sms, sms_then_voice, voice_then_sms or one of the "
            "settings / 回访计划：电话、短信、先短信后电话、先电话后短信，或设置中的计划"
        ),
    ] = "voice",
    output: Output = Format.TEXT,
) -> None:
    """Make a batch: a query over cases, all of them or a sample. / 生成批次"""
    asked = list(zip(("number", "ratio"), _sample(sample), strict=True))

    async def work(database: Database, loaded: Loaded, clock: Clock) -> BatchReport:
        rules = loaded.settings.calling.rules()
        try:
            where = zone(rules.time_zone)
        except UnknownTimeZoneError as error:
            raise AuthorError(problem("batch-calendar", name=error)) from error
        reached = plan_named(loaded, plan)
        query = CaseQuery(
            respondents=tuple(each.value for each in respondents or ()),
            units=tuple(unit or ()),
            accepted_from=_moment(accepted_from, where),
            accepted_until=_moment(accepted_until, where),
            closed_from=_moment(closed_from, where),
            closed_until=_moment(closed_until, where),
            tags=tuple(tag or ()),
            without_tags=tuple(without_tag or ()),
            sources=tuple(source or ()),
            called_back_too=again,
        )
        with Progress(console=complaints, transient=True) as progress:
            task = progress.add_task(name, total=None)
            return await create_batch(
                database,
                name=name,
                survey=survey_for(loaded, reached, survey).facts,
                plan=reached,
                query=query,
                rules=rules,
                clock=clock,
                sample=_drawn(dict(asked), sample, by, seed, each),
                priority=priority,
                deadline=_moment(deadline, where),
                progress=lambda seen: progress.update(task, completed=seen),
            )

    report = with_database(ctx, work)
    if output is Format.JSON:
        print_json(report.as_json())
    else:
        _tell_report(report, language(ctx))


@app.command("list")
def show_all(ctx: typer.Context, output: Output = Format.TEXT) -> None:
    """List all batches. / 列出所有批次"""
    _show(ctx, None, output)


@app.command("status")
def status(ctx: typer.Context, name: Name, output: Output = Format.TEXT) -> None:
    """Show where a batch stands. / 查看批次进度"""
    _show(ctx, name, output)


@app.command("start")
def start(ctx: typer.Context, name: Name, by: By = "", reason: Why = "") -> None:
    """Let a running `huifang serve` begin with it. / 开始：交给长期运行的服务呼叫"""
    _ask(ctx, name, "start", by, reason)


@app.command("pause")
def pause(ctx: typer.Context, name: Name, by: By = "", reason: Why = "") -> None:
    """Begin no new calls until it is resumed. / 暂停"""
    _ask(ctx, name, "pause", by, reason)


@app.command("resume")
def resume(ctx: typer.Context, name: Name, by: By = "", reason: Why = "") -> None:
    """Go on with a paused or draining batch. / 恢复"""
    _ask(ctx, name, "resume", by, reason)


@app.command("drain")
def drain(ctx: typer.Context, name: Name, by: By = "", reason: Why = "") -> None:
    """Let calls under way end, begin no new ones, then stop. / 收尾：不再发起新呼叫"""
    _ask(ctx, name, "drain", by, reason)


@app.command("stop")
def stop(ctx: typer.Context, name: Name, by: By = "", reason: Why = "") -> None:
    """Stop a batch; whoever waits is kept and not called. / 停止"""
    _ask(ctx, name, "stop", by, reason)


def _ask(ctx: typer.Context, name: str, command: str, by: str, reason: str) -> None:
    tongue = language(ctx)

    async def work(database: Database, _loaded: Loaded, clock: Clock) -> tuple[str, str]:
        async with database.write() as session:
            batch = await batch_named(session, name)
            if batch is None:
                raise AuthorError(problem("batch-unknown", name=name))
            done = await ask(
                session, batch, command, by=by or whoever(), now=clock.now(), reason=reason
            )
            await session.refresh(batch)
            if not done:
                state = text(f"batch-state-{batch.state}", tongue)
                raise AuthorError(
                    problem("batch-state-wrong", name=batch.name, state=state, command=command)
                )
            return batch.name, batch.state

    called, state = with_database(ctx, work)
    screen.print(
        text("batch-asked", tongue, name=called, state=text(f"batch-state-{state}", tongue))
    )


def _show(ctx: typer.Context, name: str | None, output: Format) -> None:
    async def work(database: Database, _loaded: Loaded, _clock: Clock) -> list[BatchStatus]:
        async with database.read() as session:
            if name is None:
                return await statuses(session)
            batch = await batch_named(session, name)
            if batch is None:
                raise AuthorError(problem("batch-unknown", name=name))
            return await statuses(session, batch.id)

    found = with_database(ctx, work)
    if output is Format.JSON:
        told = [asdict(each) for each in found]
        print_json(told if name is None else told[0])
    else:
        _tell_statuses(found, language(ctx))


def _tell_statuses(found: list[BatchStatus], tongue: str) -> None:
    if not found:
        screen.print(text("batch-none", tongue))
        return
    table = Table(box=None)
    for heading in ("number", "name", "state", "callbacks", "dispositions", "verdicts"):
        table.add_column(text(f"batch-heading-{heading}", tongue))
    for each in found:
        table.add_row(
            str(each.id),
            each.name,
            f"{text(f'batch-state-{each.state}', tongue)} {each.state_reason}",
            _counts("batch-state-callback", each.callbacks, tongue),
            _counts("disposition", each.dispositions, tongue),
            _counts("verdict", each.verdicts, tongue),
        )
    screen.print(table)


def _counts(prefix: str, counted: dict[str, int], tongue: str) -> str:
    return "  ".join(
        f"{text(f'{prefix}-{word}', tongue)} {number}" for word, number in sorted(counted.items())
    )


def _tell_report(report: BatchReport, tongue: str) -> None:
    state = text(f"batch-state-{report.state}", tongue)
    values: dict[str, Any] = {**report.as_json(), "id": report.batch_id, "state": state}
    screen.print(text("batch-made", tongue, **values))
    if report.overdue:
        screen.print(text("batch-made-overdue", tongue, count=report.overdue))
    for prefix, counted in (
        ("batch-person", report.persons),
        ("batch-left_out", report.left_out),
    ):
        for word, count in sorted(counted.items()):
            why = text(f"{prefix}-{word}", tongue)
            screen.print(text("batch-made-reason", tongue, why=why, count=count))
    for name, count in sorted(report.missing_fields.items()):
        screen.print(text("batch-made-field", tongue, field=name, count=count))


def _moment(value: str, where: ZoneInfo) -> datetime | None:
    if not value:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise AuthorError(problem("batch-date-malformed", value=value)) from None
    return read if read.tzinfo else read.replace(tzinfo=where)


def _sample(value: str) -> tuple[int | None, float | None]:
    """Return number and ratio of ``500``, ``10%`` or ``0.1``; (-1, None): not understood."""
    if not value:
        return None, None
    if re.fullmatch(r"\d+", value):
        return int(value), None
    if re.fullmatch(r"\d+(\.\d+)?%", value):
        return None, float(value[:-1]) / 100
    if re.fullmatch(r"0?\.\d+", value):
        return None, float(value)
    return -1, None


def _drawn(
    asked: dict[str, Any], typed: str, by: list[str] | None, seed: int, each: bool
) -> Sample:
    try:
        return Sample(**asked, seed=seed, by=tuple(by or ()), each_at_least_one=each)
    except ValueError:
        strata = " ".join(STRATA)
        wrong = " ".join([typed, *(by or ())])
        raise AuthorError(problem("batch-sample-malformed", value=wrong, strata=strata)) from None
