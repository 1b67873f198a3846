"""`huifang flow`: check, run, draw and test surveys."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from app import recognisers, surveys
from app.context import Format, FormatOption, language, loaded, print_json, refuse, screen
from app.measuring import measured
from app.vocabulary import vocabulary as unknown
from app.wiring import prompt_cache, started
from config.loading import Loaded
from core.catalogue import text
from core.errors import AuthorError, HuifangError, Problem, problem
from flows.check import check_file
from flows.compiler import compile_flow
from flows.diagram import mermaid, svg
from flows.exchange import (
    HungUp,
    Input,
    Keys,
    Recorded,
    Silence,
    Speech,
    TransferEnded,
    WaitAnswer,
    WaitRecording,
    WaitTransfer,
)
from flows.program import Program
from flows.reader import read
from flows.rehearsal import Rehearsal, rehearse, update
from flows.scenario import read_scenarios, scenarios_beside
from flows.schema import flow_schema
from flows.simulator import Simulation, examples

app = typer.Typer(no_args_is_help=True, help="Check, run, draw and test surveys. / 流程")

File = Annotated[str, typer.Argument(metavar="SURVEY", help="file or name / 文件或名称")]
Files = Annotated[
    list[str], typer.Argument(metavar="SURVEY", help="files, folders or names / 文件、文件夹或名称")
]


@app.command()
def check(
    ctx: typer.Context,
    files: Files,
    vocabulary: Annotated[
        bool, typer.Option("--vocabulary", help="ask the models, too / 用识别模型检查说法")
    ] = False,
    format: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Show everything that is wrong with surveys, with file, line and column. / 检查流程"""
    spoken, settings = language(ctx), loaded(ctx)
    chosen = surveys.chosen(settings, files)
    found = _checked(settings, chosen, spoken, vocabulary=vocabulary)
    refused = any(each.severity == "error" for each in found)
    if format is Format.JSON:
        print_json({"accepted": not refused, "problems": [each.as_json(spoken) for each in found]})
    else:
        for each in found:
            _show(each, spoken)
        key = "flow-check-refused" if refused else "flow-check-accepted"
        errors = sum(each.severity == "error" for each in found)
        screen.print(
            text(key, spoken, files=len(chosen), errors=errors, warnings=len(found) - errors)
        )
    if refused:
        raise typer.Exit(1)


def _checked(
    settings: Loaded, files: list[Path], spoken: str, *, vocabulary: bool
) -> list[Problem]:
    try:
        return asyncio.run(_check(settings, files, vocabulary=vocabulary))
    except HuifangError as error:
        refuse(error, spoken)


async def _check(settings: Loaded, files: list[Path], *, vocabulary: bool) -> list[Problem]:
    """Check with the voice that will speak; nothing is written where nothing is set up yet."""
    async with AsyncExitStack() as stack:
        words = (
            await stack.enter_async_context(started(recognisers.recogniser(settings)))
            if vocabulary
            else None
        )
        if vocabulary and words is None:
            raise AuthorError(problem("flow-check-no-models"))
        empty = stack.enter_context(TemporaryDirectory(prefix="huifang-"))
        cache = prompt_cache(settings, None if settings.data.is_dir() else Path(empty))
        found: list[Problem] = []
        for file in files:
            lengths = await measured(file, cache)
            found += check_file(
                file,
                measure=lengths.measure,
                sounds=lengths.sounds,
                transfers=surveys.transfers(settings),
                vocabulary=await unknown(file, words, every_language=True) if words else None,
            )
            found += lengths.doubts
        return found


def _show(found: Problem, spoken: str) -> None:
    style = "red" if found.severity == "error" else "yellow"
    where = f"{found.place} [{found.code}]".strip()
    screen.print(f"{where} {found.sentence(spoken)}", style=style, markup=False, highlight=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of surveys, with which editors complete them. / 输出 JSON Schema"""
    print_json(flow_schema())


@app.command()
def graph(
    ctx: typer.Context,
    file: File,
    svg_file: Annotated[
        Path | None, typer.Option("--svg", help="write an SVG picture / 写出 SVG 图")
    ] = None,
) -> None:
    """Draw a survey: Mermaid text, or an SVG picture. / 画出流程图"""
    program, spoken = _program(ctx, file), language(ctx)
    drawn = spoken if spoken in program.flow.languages else program.flow.languages[0]
    if svg_file is None:
        typer.echo(mermaid(program, drawn))
    else:
        svg_file.write_text(svg(program, drawn), "utf-8")
        screen.print(str(svg_file), markup=False)


@app.command()
def run(
    ctx: typer.Context,
    file: File,
    field: Annotated[
        list[str] | None, typer.Option("--field", "-f", help="NAME=VALUE of the case / 案件字段")
    ] = None,
    in_language: Annotated[
        str | None, typer.Option("--in", help="language of the call / 通话语言")
    ] = None,
) -> None:
    """Play a survey in the terminal: keys, typed words, Enter, h. / 在终端试听流程"""
    spoken, program = language(ctx), _program(ctx, file)
    given: dict[str, Any] = {}
    for pair in field or []:
        name, separator, value = pair.partition("=")
        if not separator or name not in program.flow.fields:
            refuse(AuthorError(problem("flow-run-field", pair=pair)), spoken)
        given[name] = value
    simulation = Simulation(program, {**examples(program), **given}, in_language)
    screen.print(text("flow-run-keys", spoken), style="dim")
    _show_lines(simulation.transcript)
    while not simulation.ended:
        try:
            typed = screen.input(f"{_prompt(simulation, spoken)} ", markup=False)
        except EOFError:
            typed = "h"
        _show_lines(simulation.give(_input(simulation, typed.strip()))[1:])
    _show_end(simulation, spoken)


def _show_end(simulation: Simulation, spoken: str) -> None:
    came = simulation.current.session
    disposition = text(f"disposition-{came.disposition}", spoken)
    verdict = text(f"verdict-{came.verdict}", spoken) if came.verdict else "-"
    screen.print(text("flow-run-ended", spoken, disposition=disposition, verdict=verdict))


_STYLES = {"»": "cyan", "=": "green", ">": "magenta", "#": "bold yellow"}


def _show_lines(lines: list[str]) -> None:
    for line in lines:
        screen.print(line, style=_STYLES.get(line[:1]), markup=False, highlight=False)


def _prompt(simulation: Simulation, spoken: str) -> str:
    wait = simulation.wait
    if isinstance(wait, WaitRecording):
        return text("flow-run-record", spoken)
    if isinstance(wait, WaitTransfer):
        return text("flow-run-transfer", spoken)
    keys = " ".join(wait.keys) if isinstance(wait, WaitAnswer) else ""
    if isinstance(wait, WaitAnswer) and wait.digits_most > 1:
        keys = f"0-9 × {wait.digits_least}-{wait.digits_most}  {keys}".strip()
    return text("flow-run-wait", spoken, keys=keys)


def _input(simulation: Simulation, typed: str) -> Input:
    wait = simulation.wait
    if typed in ("h", "H"):
        return HungUp()
    if isinstance(wait, WaitTransfer):
        return TransferEnded(typed.lower() in ("", "y", "是"))
    keys = bool(typed) and all(letter in "0123456789*#" for letter in typed)
    if isinstance(wait, WaitRecording) and not keys:
        return Recorded("typed.wav", float(len(typed))) if typed else Silence()
    if keys:
        return Keys(typed)
    return Speech(typed) if typed else Silence()


@app.command("test")
def run_scenarios(
    ctx: typer.Context,
    files: Files,
    update_transcripts: Annotated[
        bool, typer.Option("--update", help="refresh exact transcripts / 更新预期对话")
    ] = False,
    format: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Run the scenario files beside surveys and report unwalked branches. / 运行情景测试"""
    spoken = language(ctx)
    reports: list[dict[str, Any]] = []
    failed = False
    for file in surveys.chosen(loaded(ctx), files):
        program, beside = _program(ctx, str(file)), scenarios_beside(file)
        done = rehearse(program, read_scenarios(beside))
        if update_transcripts and update(beside, done):
            done = rehearse(program, read_scenarios(beside))
        failed = failed or not done.passed
        if format is Format.JSON:
            reports.append(_report(file, done))
        else:
            _show_rehearsal(file, done, spoken)
    if format is Format.JSON:
        print_json({"passed": not failed, "surveys": reports})
    if failed:
        raise typer.Exit(1)


def _report(file: Path, done: Rehearsal) -> dict[str, Any]:
    return {
        "file": str(file),
        "passed": done.passed,
        "scenarios": [
            {
                "name": each.name,
                "passed": each.passed,
                "differences": list(each.differences),
                "transcript": list(each.transcript),
            }
            for each in done.scenarios
        ],
        "branches": done.edges,
        "unwalked": [
            {"step": step, "kind": kind.value, "label": label}
            for step, kind, label in done.unwalked
        ],
    }


def _show_rehearsal(file: Path, done: Rehearsal, spoken: str) -> None:
    screen.print(str(file), style="bold", markup=False, highlight=False)
    for each in done.scenarios:
        mark, style = ("✓", "green") if each.passed else ("✗", "red")
        screen.print(f"  {mark} {each.name}", style=style, markup=False, highlight=False)
        for line in each.differences:
            colour = {"-": "red", "+": "green"}.get(line[:1], "dim")
            screen.print(f"      {line}", style=colour, markup=False, highlight=False)
    walked = done.edges - len(done.unwalked)
    screen.print("  " + text("flow-test-walked", spoken, walked=walked, edges=done.edges))
    for step, kind, label in done.unwalked:
        words = text(f"flow-graph-{kind.value}", spoken)
        way = text("flow-test-unwalked", spoken, step=step, kind=words, label=label or "-")
        screen.print(f"    {way}", style="yellow", markup=False, highlight=False)


def _program(ctx: typer.Context, name: str) -> Program:
    """Read and compile a survey, given by file or name. Raises AuthorError with every fault."""
    file = Path(name)
    survey = read(file if file.is_file() else surveys.find(loaded(ctx), name))
    return compile_flow(survey.flow, sha256=survey.sha256)
