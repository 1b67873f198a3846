"""`huifang prompts`: make the prompts of a survey, print the studio's script, import recordings."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.progress import Progress

from app import script_file, studio_import
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
from app.prompt_building import Built, build, warnings
from app.prompt_building import Progress as Told
from app.script import script, unrecorded
from app.wiring import opened, prompt_cache, studio
from config.loading import Loaded
from core.catalogue import text
from core.errors import AuthorError, HuifangError, Problem, problem
from speech.plan import How
from storage.batches import batch_named
from storage.case_fields import fields_of_batch

app = typer.Typer(no_args_is_help=True, help="Prompts: voices and recordings / 提示音与录音")

Survey = Annotated[str, typer.Argument(metavar="SURVEY", help="name or file / 问卷名称或文件")]
Output = Annotated[Format, FormatOption]


@app.command("build")
def build_prompts(
    ctx: typer.Context,
    survey: Survey,
    batch: Annotated[
        str, typer.Option("--batch", help="with the cases of this batch / 按该批次的案件内容")
    ] = "",
    format: Output = Format.TEXT,
) -> None:
    """Make all prompts of a survey before the batch, in all its languages. / 预先生成提示音"""
    known, words = loaded(ctx), language(ctx)
    try:
        with _progress(survey) as told:
            built, doubtful = asyncio.run(_build(known, survey, batch, told))
    except HuifangError as error:
        if format is Format.JSON:
            print_json({"ready": False, "problems": [p.as_json(words) for p in error.problems]})
            raise typer.Exit(2) from error
        refuse(error, words)
    counts = Counter(each.how for each in built)
    if format is Format.JSON:
        print_json(
            {
                "ready": True,
                "prompts": [each.as_json() for each in built],
                "made": {how.value: counts[how] for how in How},
                "problems": [each.as_json(words) for each in doubtful],
            }
        )
        return
    for each in built:
        how = text(f"prompts-{each.how.value}", words)
        line = f"{how} {each.language} {each.seconds:5.1f} s  {each.step or '-'}  {each.text}"
        screen.print(line, markup=False, highlight=False)
    _show(doubtful, words)
    done = {how.value: counts[how] for how in How}
    seconds = f"{sum(each.seconds for each in built):.0f}"
    screen.print(text("prompts-built", words, number=len(built), seconds=seconds, **done))


async def _build(
    known: Loaded, name: str, batch: str, told: Told
) -> tuple[list[Built], list[Problem]]:
    survey = studio_import.survey_of(known, name)
    cases = await _cases(known, batch) if batch else None
    cache = prompt_cache(known)
    return await build(cache, survey, cases=cases, progress=told), await warnings(survey)


async def _cases(known: Loaded, name: str) -> list[dict[str, Any]]:
    """Return the fields of a batch's cases."""
    async with opened(known) as database, database.read() as session:
        batch = await batch_named(session, name)
        if batch is None:
            raise AuthorError(problem("run-unknown-batch", name=name))
        zone = ZoneInfo(known.settings.calling.time_zone)
        return list((await fields_of_batch(session, batch.id, zone)).values())


@app.command("record-list")
def record_list(
    ctx: typer.Context,
    survey: Survey,
    out: Annotated[
        Path | None, typer.Option("--out", help="write .csv, .xlsx or .md / 写入文件")
    ] = None,
    values: Annotated[
        bool,
        typer.Option("--values", help="also words of dates, numbers, answers / 含数字日期等词"),
    ] = False,
    only_missing: Annotated[
        bool, typer.Option("--missing", help="only what is not recorded yet / 只列未录的")
    ] = False,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="from now on play recordings only / 今后只播放录音"),
    ] = False,
    format: Output = Format.TEXT,
) -> None:
    """Print the script for the studio: every text once, with its id. / 输出录音清单"""
    known, words = loaded(ctx), language(ctx)
    place = studio(known)
    try:
        found = studio_import.survey_of(known, survey)
        lines = script(found, words, values=values)
        if adopt:
            for file in studio_import.adopt(place, lines):
                complaints.print(text("prompts-adopted", words, file=file), highlight=False)
        if only_missing:
            lines = unrecorded(found, place, lines)
        if out is not None:
            script_file.write(out, lines, words)
    except HuifangError as error:
        refuse(error, words)
    if format is Format.JSON:
        print_json(
            [
                {
                    "id": line.id,
                    "language": line.language,
                    "kind": line.kind,
                    "survey": line.survey,
                    "text": line.text,
                    "context": line.context,
                    "hint": line.hint,
                    "step": line.step,
                    "line": line.place.line,
                }
                for line in lines
            ]
        )
    elif out is None:
        typer.echo(script_file.markdown(lines, words), nl=False)
    else:
        screen.print(text("prompts-listed", words, number=len(lines), file=out), highlight=False)


@app.command("import")
def import_recordings(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="the studio's recordings / 录音文件夹")],
    survey: Annotated[
        list[str] | None,
        typer.Option("--survey", "-s", help="for these surveys / 用于这些问卷"),
    ] = None,
    part: Annotated[
        bool, typer.Option("--part", help="more recordings come later / 其余录音以后再送")
    ] = False,
    format: Output = Format.TEXT,
) -> None:
    """Take the studio's recordings: 8 kHz, levelled, trimmed, judged. / 导入录音"""
    known, words = loaded(ctx), language(ctx)
    try:
        with _progress(folder.name) as told:
            done = asyncio.run(
                studio_import.import_recordings(
                    known,
                    studio(known),
                    folder,
                    survey or [],
                    part=part,
                    words=words,
                    progress=told,
                )
            )
    except HuifangError as error:
        if format is Format.JSON:
            print_json({"imported": False, "problems": [p.as_json(words) for p in error.problems]})
            raise typer.Exit(2) from error
        refuse(error, words)
    if format is Format.JSON:
        print_json({"imported": True, **done.as_json(words)})
        return
    for name, each in done.taken:
        figures = text(
            "prompts-figures",
            words,
            seconds=f"{each.seconds:.1f}",
            level=f"{each.level_dbov:.0f}",
            clipped=f"{each.clipped * 100:.2f}",
            noise=f"{each.signal_to_noise:.0f}",
        )
        screen.print(f"{name}  {each.file.name}  {figures}", markup=False, highlight=False)
        _show(each.warnings, words)
    for line in done.missing:
        screen.print(
            text("prompts-still-missing", words, id=line.id, text=line.text),
            style="yellow",
            markup=False,
        )
    screen.print(text("prompts-imported", words, number=len(done.taken), missing=len(done.missing)))


def _show(found: list[Problem] | tuple[Problem, ...], words: str) -> None:
    for line in HuifangError(*found).sentences(words):
        screen.print(line, style="yellow", markup=False, highlight=False)


@contextmanager
def _progress(name: str) -> Iterator[Told]:
    """Show how far it is, on standard error."""
    with Progress(console=complaints, transient=True) as shown:
        task = shown.add_task(name, total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of)
