"""`huifang models`: the speech models of this machine."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.context import Format, FormatOption, language, loaded, print_json, refuse, screen
from app.recognisers import model_folder
from core.catalogue import text
from core.errors import HuifangError
from speech.models.description import Description
from speech.models.folder import Checked, ModelFolder

app = typer.Typer(no_args_is_help=True, help="Speech recognition models / 语音识别模型")

Output = Annotated[Format, FormatOption]
Source = Annotated[Path, typer.Argument(help="ZIP file or folder / ZIP 文件或目录")]
Language = Annotated[
    str, typer.Option("--language", help="where its name does not tell: zh / 模型语言，如 zh")
]
Name = Annotated[str, typer.Option("--name", help="keep it under this name / 保存为此名称")]


@app.command("add")
def add(
    ctx: typer.Context,
    source: Source,
    model_language: Language = "",
    name: Name = "",
    output: Output = Format.TEXT,
) -> None:
    """Bring a model in from a disk. / 从磁盘添加模型"""
    words, folder = language(ctx), _folder(ctx)
    try:
        adding = folder.add(source, datetime.now(UTC), language=model_language, name=name)
        added = asyncio.run(adding)
    except HuifangError as error:
        refuse(error, words)
    if output is Format.JSON:
        print_json(_checked_json(added, words))
        return
    _show([added.model], words)
    screen.print(_loading("models-added", added, words), style="green", markup=False)


@app.command("list")
def show_all(ctx: typer.Context, output: Output = Format.TEXT) -> None:
    """List the models with checksum, size and licence. / 列出模型及校验和、大小、许可"""
    words = language(ctx)
    found = _listed(ctx, words)
    if output is Format.JSON:
        print_json([model.as_json() for model in found])
    elif found:
        _show(found, words)
    else:
        screen.print(text("models-none", words), markup=False)


@app.command("check")
def check(ctx: typer.Context, output: Output = Format.TEXT) -> None:
    """Verify every file of every model, and load each once. / 校验全部模型文件并各加载一次"""
    words, folder = language(ctx), _folder(ctx)
    results = [asyncio.run(folder.check(model)) for model in _listed(ctx, words)]
    if output is Format.JSON:
        print_json([_checked_json(result, words) for result in results])
    elif not results:
        screen.print(text("models-none", words), markup=False)
    else:
        for result in results:
            _tell(result, words)
    if not all(result.good for result in results):
        raise typer.Exit(1)


def _folder(ctx: typer.Context) -> ModelFolder:
    return model_folder(loaded(ctx))


def _listed(ctx: typer.Context, words: str) -> list[Description]:
    try:
        return _folder(ctx).list()
    except HuifangError as error:
        refuse(error, words)


def _tell(result: Checked, words: str) -> None:
    mark = "[green]✓[/]" if result.good else "[red]✗[/]"
    screen.print(mark, result.model.name, end="  ", highlight=False)
    if result.good:
        screen.print(_loading("models-good", result, words), markup=False, highlight=False)
    for fault in result.problems:
        screen.print(fault.sentence(words), style="red", markup=False, highlight=False)


def _loading(code: str, result: Checked, words: str) -> str:
    return text(
        code,
        words,
        name=result.model.name,
        seconds=f"{result.seconds:.1f}",
        megabytes=f"{result.megabytes:.0f}",
    )


def _checked_json(result: Checked, words: str) -> dict[str, Any]:
    return result.model.as_json() | {
        "good": result.good,
        "load_seconds": round(result.seconds, 2),
        "resident_megabytes": round(result.megabytes, 1),
        "problems": [fault.as_json(words) for fault in result.problems],
    }


def _show(models: list[Description], words: str) -> None:
    names = ("name", "language", "rate", "size", "grammars", "licence", "sha256")
    shown = Table(*(text(f"models-column-{name}", words) for name in names))
    for model in models:
        shown.add_row(
            model.name,
            model.language,
            f"{model.sample_rate} Hz",
            f"{model.bytes / 1e6:,.0f} MB",
            text("models-yes" if model.grammars else "models-no", words),
            model.licence or text("models-licence-unknown", words),
            model.sha256,
        )
    screen.print(shown, markup=False)
