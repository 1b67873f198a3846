"""`huifang`: the command line. Each command is thin: read arguments, call a room, print."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands import (
    batch,
    check,
    database,
    demo,
    do_not_call,
    evaluate,
    flow,
    import_cases,
    init,
    models,
    notices,
    people,
    prompts,
    queue,
    rehearse,
    results,
    run,
    schedule,
    serve,
    texts,
    transcribe,
    why,
)
from app.context import Invocation, complaints, refuse
from app.context import language as spoken
from config.logs import set_up
from config.sections.logging import LoggingSettings
from core.errors import HuifangError

app = typer.Typer(
    name="huifang",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Calls people back and sees to it that a person hears who was not satisfied. / 回访外呼",
)

_said: list[str] = []
"""The language of the command that ended: an error that nobody else has shown is told in it."""


@app.callback()
def before(
    ctx: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="settings file / 设置文件")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="zh or en / 界面语言")
    ] = None,
) -> None:
    """What stands before every command."""
    ctx.obj = Invocation(config, language)
    ctx.call_on_close(lambda: _said.append(language or spoken(ctx)))


app.command("init")(init.init)
app.command("check")(check.check)
app.command("import")(import_cases.import_cases)
app.add_typer(models.app, name="models")
app.add_typer(flow.app, name="flow")
app.add_typer(prompts.app, name="prompts")
app.add_typer(batch.app, name="batch")
app.command("run")(run.run)
app.command("serve")(serve.serve)
app.command("rehearse")(rehearse.rehearse)
app.add_typer(schedule.app, name="schedule")
app.command("why")(why.why)
app.command("results")(results.results)
app.command("write-back")(results.write_back)
app.command("transcribe")(transcribe.transcribe)
app.add_typer(queue.app, name="queue")
app.add_typer(notices.app, name="notices")
app.add_typer(texts.app, name="texts")
app.add_typer(do_not_call.app, name="do-not-call")
app.add_typer(evaluate.app, name="evaluate")
app.command("demo")(demo.demo)
app.command("people")(people.people)
app.add_typer(database.app, name="database")


def main() -> None:
    """Run the command line; a known error is shown in words, never as a traceback."""
    set_up(LoggingSettings(level="warning"))  # until the settings have been read
    try:
        app()
    except HuifangError as error:
        try:
            refuse(error, _said[-1] if _said else "zh")
        except typer.Exit as end:
            sys.exit(end.exit_code)
    except KeyboardInterrupt:
        complaints.print("^C")
        sys.exit(130)
