"""`huifang people`: simulated people as real SIP endpoints, for trying a configuration."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.context import Format, FormatOption, language, print_json, refuse, screen
from core.catalogue import text
from core.errors import AuthorError, problem
from ivr.people.directory import BY_ENDING, expected
from ivr.people.sip.endpoint import SipPeople
from ivr.people.sip.rtp import Impairment


def rows(chosen: str) -> list[dict[str, str]]:
    """Return who answers which numbers and what a call to him comes to, in language `chosen`."""
    found = []
    for ending, behaviour in BY_ENDING.items():
        wanted = expected(behaviour, heard=True)
        found.append(
            {
                "ending": ending,
                "person": behaviour.value,
                "does": text(f"person-{behaviour.value}", chosen),
                "disposition": wanted.disposition.value,
                "verdict": wanted.verdict.value if wanted.verdict else "",
            }
        )
    return found


def table(chosen: str) -> Table:
    """Return the same for people to read."""
    shown = Table()
    for heading in ("ending", "does", "disposition", "verdict"):
        shown.add_column(text(f"people-{heading}", chosen))
    for row in rows(chosen):
        verdict = text(f"verdict-{row['verdict']}", chosen) if row["verdict"] else "-"
        disposition = text(f"disposition-{row['disposition']}", chosen)
        shown.add_row(row["ending"], row["does"], disposition, verdict)
    return shown


def people(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on / 监听地址")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="UDP and TCP port / UDP 和 TCP 端口")
    ] = 5070,
    ring_log: Annotated[
        Path | None,
        typer.Option(help="Append each ring to this file (JSON lines) / 把每次振铃追加写入此文件"),
    ] = None,
    loss: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of RTP packets to lose / RTP 丢包比例")
    ] = 0.0,
    form: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Start simulated people as real SIP endpoints. / 启动模拟接听人（真实 SIP 终端）"""
    chosen = language(ctx)
    endpoint = SipPeople(host, port, ring_log=ring_log, impairment=Impairment(loss=loss))
    try:
        asyncio.run(_run(endpoint, chosen, as_json=form is Format.JSON))
    except OSError as error:
        where = f"{host}:{port}"
        refuse(AuthorError(problem("people-no-port", where=where, detail=error)), chosen)


async def _run(endpoint: SipPeople, chosen: str, *, as_json: bool) -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stopping in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stopping, done.set)
    await endpoint.start()
    where = f"sip:{endpoint.host}:{endpoint.port}"
    if as_json:
        print_json({"uri": where, "people": rows(chosen)})
    else:
        screen.print(table(chosen))
        screen.print(text("people-listen", chosen, uri=where), markup=False)
    try:
        await done.wait()
    finally:
        await endpoint.close()
        if not as_json:
            screen.print(text("people-bye", chosen, rings=endpoint.rings), markup=False)
