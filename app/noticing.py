"""Notices, put together: what the settings say, the teller, the postman, and the worker that
runs beside the calling.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.beside import beside
from config.loading import Loaded
from config.sections.mail import PORTS, is_address
from core.clock import Clock
from core.errors import AuthorError, HuifangError, problem
from followup.notices.composing import Words, compose
from followup.notices.letter import Kind
from followup.notices.message import message
from followup.notices.posting import Letterhead, Posted, Postman
from followup.notices.rules import NoticeRules
from followup.notices.smtp import SmtpServer
from followup.notices.telling import Teller, Telling
from storage.database import Database

LOOK = 30.0
"""Seconds between two looks at what there is to tell."""
LAST_ROUND = 20.0
"""Seconds that the worker may take for a last round when the calling ends."""
RANKS = {"key_incidents": 1, "dissatisfied": 2}

log = structlog.get_logger(__name__)


def is_on(loaded: Loaded) -> bool:
    """Return whether notices are configured."""
    return bool(loaded.settings.mail.host)


def mail_server(loaded: Loaded) -> SmtpServer:
    """Return the configured mail server. Raises AuthorError where there is none."""
    mail = loaded.settings.mail
    if not mail.host:
        raise AuthorError(problem("notices-off"))
    return SmtpServer(
        mail.host,
        mail.port or PORTS[mail.security],
        mail.security,
        mail.username,
        loaded.mail_password,
        loaded.path(mail.ca_file) if mail.ca_file else None,
    )


def teller(loaded: Loaded, database: Database, clock: Clock) -> Teller:
    """Return what finds news, as configured."""
    mail = loaded.settings.mail
    telling = Telling(
        {kind: mail.addresses(kind) for kind in Kind if kind is not Kind.TEST},
        urgent_rank=RANKS[mail.urgent],
        daily_at=mail.daily_at,
        zone=ZoneInfo(loaded.settings.calling.time_zone),
        machine=machine(),
    )
    return Teller(database, clock, telling)


def machine() -> str:
    """Return the name of this machine."""
    return socket.gethostname()[:60]


def postman(loaded: Loaded, database: Database, clock: Clock) -> Postman:
    """Return what sends them, as configured. Raises AuthorError where no server is."""
    mail = loaded.settings.mail
    rules = NoticeRules(mail.digest_above, mail.digest_window)
    return Postman(database, clock, mail_server(loaded), letterhead(loaded), rules)


def letterhead(loaded: Loaded) -> Letterhead:
    """Return what all mails have in common."""
    settings = loaded.settings
    words = Words(settings.mail.language or settings.language, _zone(loaded))
    return Letterhead(settings.mail.sender, settings.mail.sender_name, words)


def _zone(loaded: Loaded) -> ZoneInfo:
    return ZoneInfo(loaded.settings.calling.time_zone)


async def round_(
    loaded: Loaded,
    database: Database,
    clock: Clock,
    dead_trunks: Collection[str] | None = None,
) -> tuple[int, Posted]:
    """Look once and send what is due; how many notices are new, and what became of the mails."""
    told = await teller(loaded, database, clock).look(dead_trunks)
    return told, await postman(loaded, database, clock).post()


@asynccontextmanager
async def noticing(
    loaded: Loaded,
    database: Database,
    clock: Clock,
    dead_trunks: Callable[[], Collection[str] | None] | None = None,
) -> AsyncIterator[None]:
    """Tell and send in the background while the body runs, and once more at its end.

    Nothing that goes wrong here stops the calling: it is logged, and tried again in the next
    round. `dead_trunks` says which trunks do not answer at present (None: not known yet).
    """
    if not is_on(loaded):
        yield
        return

    async def once() -> None:
        try:
            await round_(loaded, database, clock, dead_trunks() if dead_trunks else None)
        except (HuifangError, SQLAlchemyError) as error:
            log.warning("notices_wait", why=str(error))

    async def work() -> None:
        while True:
            await once()
            await clock.sleep(LOOK)

    try:
        async with beside(work()):
            yield
    finally:
        # How the batch ended is news too. What does not go out now waits in the database.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_ROUND):
                await once()


def send_test(loaded: Loaded, to: str, now: datetime) -> list[str]:
    """Send a test mail to `to`, or to everybody who is told anything; the addresses.

    Not kept in the database: whoever tests waits for the answer. Raises AuthorError where nobody
    is named, and what the mail server refuses.
    """
    mail = loaded.settings.mail
    server, head = mail_server(loaded), letterhead(loaded)
    if to and not is_address(to):
        raise AuthorError(problem("config-mail-address", address=to))
    addresses = [to] if to else list(dict.fromkeys((*mail.supervisors, *mail.technicians)))
    if not addresses:
        raise AuthorError(problem("notices-nobody"))
    letter = compose(Kind.TEST, {"at": now.isoformat(), "machine": machine()}, head.words)

    async def work() -> None:
        async with server.session() as session:
            for address in addresses:
                made = message(
                    letter,
                    sender=head.sender,
                    sender_name=head.sender_name,
                    recipient=address,
                    key=f"test:{now.isoformat()}",
                    made_at=now,
                )
                await session.send(made)

    asyncio.run(work())
    return addresses
