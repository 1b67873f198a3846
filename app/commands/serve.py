"""`huifang serve`: the whole house in one process, until Ctrl-C or SIGTERM."""

import asyncio

import typer

from app.commands.run import say_what_came
from app.context import language, loaded, refuse
from app.serving.house import serve as serve_house
from config.logs import set_up
from core.errors import HuifangError


def serve(ctx: typer.Context) -> None:
    """Call, write, make batches by the clock, and hear providers; Ctrl-C drains. / 长期运行服务"""
    known, words = loaded(ctx), language(ctx)
    set_up(known.settings.logging)
    try:
        tally = asyncio.run(serve_house(known, words, web=True))
    except HuifangError as error:
        refuse(error, words)
    say_what_came(tally, words)
