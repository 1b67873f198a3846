"""`huifang notices`: what was told by e-mail, what waits, what failed; send, test."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from app.context import Format, FormatOption, language, loaded, moment, print_json, refuse, screen
from app.noticing import is_on, round_
from app.noticing import send_test as tested
from app.opened import with_database
from config.loading import Loaded
from core.catalogue import text
from core.clock import Clock
from core.errors import AuthorError, HuifangError, problem
from storage import notices
from storage.database import Database
from storage.schema import Notice

app = typer.Typer(no_args_is_help=True, help="Notices by e-mail / 邮件通知")

Output = Annotated[Format, FormatOption]
_WHOLE = ("id", "recipient", "when")


@app.command("list")
def show_all(
    ctx: typer.Context,
    state: Annotated[
        str,
        typer.Option("--state", help="waiting, sending, sent, gathered or failed / 状态"),
    ] = "",
    kind: Annotated[
        str,
        typer.Option("--kind", help="urgent, overdue, batch, trunk, daily or test / 内容"),
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="so many / 最多条数")] = 50,
    output: Output = Format.TEXT,
) -> None:
    """List notices, the latest first. / 列出通知"""
    words = language(ctx)

    async def work(database: Database, _settings: Loaded, _clock: Clock) -> list[Notice]:
        async with database.read() as session:
            return await notices.listed(session, state=state, kind=kind, limit=limit)

    found = with_database(ctx, work)
    if output is Format.JSON:
        print_json([_as_json(each) for each in found])
        return
    if not found:
        screen.print(text("notices-none", words))
        return
    table = Table()
    for name in ("id", "kind", "recipient", "state", "tries", "when", "error"):
        table.add_column(text(f"notices-column-{name}", words), no_wrap=name in _WHOLE)
    for each in found:
        about = text(f"notices-kind-{each.kind}", words)
        if each.gathers:
            about = text("notices-digest-of", words, kind=about, number=each.gathers)
        when = each.sent_at or (each.next_at if each.state == "waiting" else each.created_at)
        table.add_row(
            str(each.id),
            about,
            each.recipient,
            text(f"notices-state-{each.state}", words),
            str(each.tries),
            moment(ctx, when),
            each.error,
        )
    screen.print(table)


@app.command("send")
def send(
    ctx: typer.Context,
    failed: Annotated[
        bool, typer.Option("--failed", help="failed ones once more / 失败的也再发一次")
    ] = False,
    output: Output = Format.TEXT,
) -> None:
    """Look for news and send what is due, now. / 立即检查并发送"""
    words, settings = language(ctx), loaded(ctx)
    if not is_on(settings):
        refuse(AuthorError(problem("notices-off")), words)

    async def work(database: Database, _settings: Loaded, clock: Clock) -> dict[str, int]:
        revived = 0
        if failed:
            async with database.write() as session:
                revived = await notices.again(session, clock.now())
        told, posted = await round_(settings, database, clock)
        return {
            "again": revived,
            "told": told,
            "sent": posted.sent,
            "postponed": posted.postponed,
            "failed": posted.failed,
        }

    done = with_database(ctx, work)
    if output is Format.JSON:
        print_json(done)
    else:
        if done["again"]:
            screen.print(text("notices-again", words, number=done["again"]))
        screen.print(text("notices-sent", words, **done))
    if done["failed"] or done["postponed"]:
        raise typer.Exit(1)


@app.command("test")
def send_test(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--to", help="one address; none: everybody / 收件地址，缺省为全部收件人")
    ] = "",
    output: Output = Format.TEXT,
) -> None:
    """Send a test mail at once and say what the server answers. / 发送测试邮件"""
    words, settings = language(ctx), loaded(ctx)
    try:
        addresses = tested(settings, to, datetime.now(UTC))
    except HuifangError as error:
        refuse(error, words)
    if output is Format.JSON:
        print_json({"sent": addresses})
        return
    for address in addresses:
        screen.print(text("notices-tested", words, recipient=address), highlight=False)


def _as_json(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "key": notice.key,
        "kind": notice.kind,
        "recipient": notice.recipient,
        "state": notice.state,
        "gathers": notice.gathers,
        "digest": notice.digest_id,
        "tries": notice.tries,
        "created": notice.created_at,
        "next": notice.next_at if notice.state == "waiting" else None,
        "sent": notice.sent_at,
        "error": notice.error,
        "facts": notice.facts,
    }
