"""`huifang init`: the commented settings file to begin with."""

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from app.context import language, refuse, screen
from core.catalogue import text
from core.errors import AuthorError, Place, problem


def init(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="where to write / 写到哪里")] = Path("huifang.yaml"),
) -> None:
    """Write a commented settings file. / 生成带注释的设置文件"""
    if file.exists():
        refuse(AuthorError(problem("config-exists", Place(str(file)), file=file)), language(ctx))
    file.write_text(
        resources.files("config").joinpath("huifang.example.yaml").read_text("utf-8"), "utf-8"
    )
    screen.print(text("config-written", language(ctx), file=file))
