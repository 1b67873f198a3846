"""A text that a survey held by phone sends (its step `text`): kept in the outbox with the call."""

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.phone import mask
from dialer.number_kind import takes_texts
from flows.exchange import SendMessage
from ivr.texting.parts import parts_of
from storage.schema import Attempt
from storage.texting.outbox import Outgoing, put

PURPOSE = "survey_text"

log = structlog.get_logger(__name__)


async def send(
    session: AsyncSession, gateway: str, attempt_id: int, message: SendMessage, at: datetime
) -> None:
    """Keep `message` for the number of an attempt; it leaves at once, whatever becomes of the call.

    The person is on the phone just now: no quiet hours are waited for.
    """
    number = (await session.scalars(select(Attempt.e164).where(Attempt.id == attempt_id))).one()
    if not takes_texts(number):
        log.warning("text_to_a_land_line", attempt=attempt_id, number=mask(number))
        return
    parts = parts_of(message.text)
    text = Outgoing(
        attempt_id, gateway, number, message.text, parts.count, parts.encoding, PURPOSE, quiet=False
    )
    await put(session, [text], at)
