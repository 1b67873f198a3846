"""A text that a survey held by phone sends (its step `text`): kept in the outbox with the call."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.phone import mask
from dialer.number_kind import takes_texts
from flows.exchange import SendMessage
from ivr.texting.parts import parts_of
from storage.schema import Attempt
from storage.texting.gateway_lanes import resting_gateways
from storage.texting.outbox import Outgoing, put, put_failed

PURPOSE = "survey_text"
LAND_LINE = "land_line"

log = structlog.get_logger(__name__)


async def send(
    session: AsyncSession,
    gateways: Sequence[str],
    attempt_id: int,
    message: SendMessage,
    at: datetime,
) -> None:
    """Keep `message` for the number of an attempt; it leaves at once, whatever becomes of the call.

    The person is on the phone just now: no quiet hours are waited for. Of `gateways` the first
    that is not left alone at present carries it. A land-line gets none: that is kept as failed.
    """
    number = (await session.scalars(select(Attempt.e164).where(Attempt.id == attempt_id))).one()
    resting = await resting_gateways(session, at)
    gateway = next((name for name in gateways if name not in resting), gateways[0])
    parts = parts_of(message.text)
    text = Outgoing(
        attempt_id, gateway, number, message.text, parts.count, parts.encoding, PURPOSE, quiet=False
    )
    if takes_texts(number):
        await put(session, [text], at)
        return
    log.warning("text_to_a_land_line", attempt=attempt_id, number=mask(number))
    await put_failed(session, text, at, LAND_LINE)
