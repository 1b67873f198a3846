"""`huifang evaluate`: labelled recordings through the very code path of a call."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from app import evaluating
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
from app.evaluation_text import parts
from core.catalogue import text
from core.errors import AuthorError, HuifangError, Place, problem
from speech.evaluation.augment import Augmentation, parse
from speech.evaluation.keys import make_tones
from speech.evaluation.pickups import GREETINGS, make_pickup
from speech.evaluation.recording_set import HEAD, Evaluates, read_set
from speech.evaluation.report import Report
from speech.evaluation.spoken import SPOKEN, make_speech
from speech.evaluation.tones import evaluate_tones

app = typer.Typer(
    no_args_is_help=True,
    help="Evaluate recognition, pick-up and tones on recordings / 用录音评测识别、接听判断和按键音",
)

SetArgument = Annotated[
    Path, typer.Argument(metavar="SET", help="Folder of the set / 评测集文件夹")
]
AugmentOption = Annotated[
    str,
    typer.Option(
        help="What a line does: snr=15,loss=5,burst=2,conceal=silence,codec=pcma,level=-10,hum=20,"
        "seed=1 / 线路处理"
    ),
]
ModelOption = Annotated[
    Path | None,
    typer.Option(help="Folder of a Vosk model, instead of the settings' / 指定模型文件夹"),
]


@app.command()
def speech(
    ctx: typer.Context,
    folder: SetArgument,
    augment: AugmentOption = "",
    model: ModelOption = None,
    sweep: Annotated[
        bool, typer.Option(help="Also try other `sure` thresholds / 同时试其他把握门槛")
    ] = False,
    over_sip: Annotated[
        bool,
        typer.Option(
            "--over-sip",
            help="Say them in real SIP calls over loopback / 在本机真实 SIP 通话中说出",
        ),
    ] = False,
    calls: Annotated[
        int, typer.Option(min=1, help="--over-sip: how many of them / 其中多少条")
    ] = 60,
    form: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Spoken answers: right, asked back, handed to people. / 评测语音回答"""
    held = calls if over_sip else 0

    async def run(line: Augmentation, done: Callable[[], None]) -> Report:
        return await evaluating.speech(
            loaded(ctx), folder, line, model, sweep=sweep, calls=held, done=done
        )

    _evaluate(ctx, augment, form, lambda line, done: asyncio.run(run(line, done)))


@app.command()
def pickup(
    ctx: typer.Context,
    folder: SetArgument,
    augment: AugmentOption = "",
    model: ModelOption = None,
    form: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Who picked up: person, machine, fax, announcement. / 评测接听判断"""

    async def run(line: Augmentation, done: Callable[[], None]) -> Report:
        return await evaluating.pickup(loaded(ctx), folder, line, model, done=done)

    _evaluate(ctx, augment, form, lambda line, done: asyncio.run(run(line, done)))


@app.command()
def tones(
    ctx: typer.Context,
    folder: SetArgument,
    augment: AugmentOption = "",
    form: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Keys as tones, and what is no key. / 评测按键音"""
    _evaluate(
        ctx,
        augment,
        form,
        lambda line, done: evaluate_tones(read_set(folder, Evaluates.TONES), line, done),
    )


@app.command()
def make(
    ctx: typer.Context,
    what: Annotated[Evaluates, typer.Argument(help="speech, pickup or tones / 评测什么")],
    folder: Annotated[Path, typer.Argument(help="A new folder / 新文件夹")],
    of: Annotated[
        str, typer.Option("--of", help="Language that is spoken: ko / 录音的语言")
    ] = "ko",
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Recordings / 录音条数")] = 220,
    minutes: Annotated[
        float, typer.Option(min=0, max=600, help="tones: minutes without keys / 无按键音的分钟数")
    ] = 5.0,
    q24: Annotated[
        bool, typer.Option("--q24/--no-q24", help="tones: the cases of ITU-T Q.24 / Q.24 用例")
    ] = True,
    seed: Annotated[int, typer.Option(help="Another seed, another set / 随机种子")] = 1,
    form: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Make a synthetic set by script, without a human voice. / 用脚本合成评测集（没有真人声音）"""
    chosen = language(ctx)
    try:
        with _progress(form) as done:
            if what is Evaluates.TONES:
                make_tones(folder, count=count, minutes=minutes, seed=seed, q24=q24, done=done)
            else:
                known = SPOKEN if what is Evaluates.SPEECH else GREETINGS
                if of not in known:
                    names = ", ".join(known)
                    raise AuthorError(problem("evaluation-no-language", language=of, known=names))
                maker = make_speech if what is Evaluates.SPEECH else make_pickup
                maker(folder, of, count=count, seed=seed, done=done)
        made = read_set(folder, what)
    except OSError as error:
        place = Place(str(folder / HEAD))
        refuse(
            AuthorError(problem("document-unreadable", place, path=folder, reason=error)), chosen
        )
    except HuifangError as error:
        refuse(error, chosen)
    how, n = made.head.synthetic, len(made.recordings)
    if form is Format.JSON:
        print_json({"folder": str(folder), "recordings": n, "synthetic": how})
    else:
        screen.print(text("evaluation-made", chosen, n=n, folder=folder, how=how), markup=False)


def _evaluate(
    ctx: typer.Context,
    augment: str,
    form: Format,
    run: Callable[[Augmentation, Callable[[], None]], Report],
) -> None:
    chosen = language(ctx)
    try:
        with _progress(form) as done:
            report = run(parse(augment), done)
    except HuifangError as error:
        refuse(error, chosen)
    if form is Format.JSON:
        print_json(report.as_json())
        return
    for part in parts(report, chosen):
        if isinstance(part, str):
            screen.print(part, markup=False, highlight=False)
        else:
            screen.print(part)


@contextmanager
def _progress(form: Format) -> Iterator[Callable[[], None]]:
    """Count recordings on standard error."""
    with Progress(console=complaints, transient=True, disable=form is Format.JSON) as progress:
        task = progress.add_task("", total=None)
        yield lambda: progress.advance(task)
