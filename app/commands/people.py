"""`huifang people`: simulated people, called over real SIP and written to over real HTTP."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.table import Table

from app.beside import beside
from app.context import Format, FormatOption, language, print_json, refuse, screen
from app.web.server import WebServer
from core.catalogue import text
from core.clock import SystemClock
from core.errors import AuthorError, problem
from ivr.people import writing
from ivr.people.directory import BY_ENDING, expected, person_of, returning_person_of
from ivr.people.sip.endpoint import SipPeople
from ivr.people.sip.rtp import Impairment
from ivr.people.texting.gateway import PeopleGateway
from ivr.people.texting.sendsms import Account
from ivr.people.writing import texter_of
from ivr.texting.people import TextPeople


def rows(chosen: str) -> list[dict[str, str]]:
    """Return who is at which numbers, and what calling and writing him comes to, in language
    `chosen`."""
    found = []
    for ending, behaviour in BY_ENDING.items():
        wanted = expected(behaviour, heard=True)
        writer = texter_of(ending)
        written = writing.EXPECTED[writer]
        found.append(
            {
                "ending": ending,
                "person": behaviour.value,
                "does": text(f"person-{behaviour.value}", chosen),
                "disposition": wanted.disposition.value,
                "verdict": wanted.verdict.value if wanted.verdict else "",
                "texter": writer.value,
                "writes": text(f"texter-{writer.value}", chosen),
                "text_disposition": written.disposition.value,
                "text_verdict": written.verdict.value if written.verdict else "",
            }
        )
    return found


def table(chosen: str) -> Table:
    """Return the same for people to read."""
    shown = Table()
    for heading in ("ending", "does", "call", "writes", "text"):
        shown.add_column(text(f"people-{heading}", chosen))
    for row in rows(chosen):
        call = _result(row["disposition"], row["verdict"], chosen)
        written = _result(row["text_disposition"], row["text_verdict"], chosen)
        shown.add_row(row["ending"], row["does"], call, row["writes"], written)
    return shown


def _result(disposition: str, verdict: str, chosen: str) -> str:
    words = [text(f"disposition-{disposition}", chosen)]
    if verdict:
        words.append(text(f"verdict-{verdict}", chosen))
    return ", ".join(words)


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
    text_port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port for text messages / 短信网关端口")
    ] = 13013,
    account: Annotated[
        str,
        typer.Option(
            envvar="HUIFANG_PEOPLE_ACCOUNT",
            help="NAME:PASSWORD that text messages are sent with / 短信网关账号：名称:密码",
        ),
    ] = "people:people",
    replies_to: Annotated[
        str,
        typer.Option(
            envvar="HUIFANG_PEOPLE_REPLIES_TO",
            help="Address that replies are told to, as Kannel's get-url / 短信回复的推送地址",
        ),
    ] = "",
    ring_back_to: Annotated[
        str,
        typer.Option(
            help="HOST:PORT that the busy and the absent ring back, as satisfied people / "
            "占线和未接的人随后回拨的地址"
        ),
    ] = "",
    reply_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds they take to write back / 回复短信所需秒数")
    ] = 5.0,
    form: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Start simulated people behind real SIP and a real text gateway. / 启动模拟接听人和短信网关"""
    chosen = language(ctx)
    back_host, _, back_port = ring_back_to.rpartition(":")
    known = back_port.isdecimal() and 0 < int(back_port) < 65536
    if ring_back_to and not (back_host and known):
        refuse(AuthorError(problem("people-no-address", value=ring_back_to)), chosen)
    endpoint = SipPeople(
        host,
        port,
        people=returning_person_of if ring_back_to else person_of,
        ring_log=ring_log,
        impairment=Impairment(loss=loss),
        ring_back_to=(back_host, int(back_port)) if ring_back_to else None,
    )
    name, _, password = account.partition(":")
    gateway = PeopleGateway(
        uuid4().hex[:8],
        SystemClock(),
        TextPeople(texter_of, seconds=reply_seconds, agreeing=True),
        Account(name, password),
        replies_to=replies_to,
    )
    texts = WebServer(gateway, host, text_port)
    try:
        asyncio.run(_run(endpoint, gateway, texts, chosen, as_json=form is Format.JSON))
    except AuthorError as error:
        refuse(error, chosen)
    except OSError as error:
        where = f"{host}:{port}"
        refuse(AuthorError(problem("people-no-port", where=where, detail=error)), chosen)


async def _run(
    endpoint: SipPeople, gateway: PeopleGateway, texts: WebServer, chosen: str, *, as_json: bool
) -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stopping in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stopping, done.set)
    texts.open()
    await endpoint.start()
    where = f"sip:{endpoint.host}:{endpoint.port}"
    if as_json:
        print_json({"uri": where, "sendsms": texts.url, "people": rows(chosen)})
    else:
        screen.print(table(chosen))
        screen.print(text("people-listen", chosen, uri=where, sendsms=texts.url), markup=False)
    try:
        async with beside(texts.run()):
            await done.wait()
    finally:
        await gateway.close()
        await endpoint.close()
        if not as_json:
            screen.print(_bye(endpoint, gateway, chosen), markup=False)


def _bye(endpoint: SipPeople, gateway: PeopleGateway, chosen: str) -> str:
    words = text(
        "people-bye",
        chosen,
        rings=endpoint.rings,
        texts=gateway.sent,
        replies=gateway.replies,
    )
    if gateway.unheard:
        words += " " + text("people-unheard", chosen, replies=gateway.unheard)
    return words
