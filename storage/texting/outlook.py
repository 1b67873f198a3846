"""What there is to do by text, seen in one look."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.texting.conversations import CONVERSATIONS
from storage.texting.outbox import MESSAGES


@dataclass(frozen=True)
class Outlook:
    """What waits, of all processes."""

    received: bool
    """Messages of people are to be dealt with."""
    sending: bool
    """Messages are under way to gateways, from here or elsewhere."""
    next_to_send: datetime | None
    """When the next message may leave; None: none waits."""
    next_silence: datetime | None
    """When the next silence has to be dealt with; None: no conversation waits."""

    @property
    def anything(self) -> bool:
        """True where something is left to do, now or later."""
        return bool(self.received or self.sending or self.next_to_send or self.next_silence)


_STATE = MESSAGES.c.state
_LOOK = select(
    exists(select(MESSAGES.c.id).where(_STATE == "received")),
    exists(select(MESSAGES.c.id).where(_STATE == "sending")),
    select(func.min(MESSAGES.c.not_before))
    .where(_STATE == "waiting", MESSAGES.c.gateway.in_(bindparam("gateways", expanding=True)))
    .scalar_subquery(),
    select(func.min(CONVERSATIONS.c.look_at))
    .where(CONVERSATIONS.c.state == "waiting")
    .scalar_subquery(),
)


async def outlook(session: AsyncSession, gateways: tuple[str, ...]) -> Outlook:
    """Look at everything that waits; at messages to be sent only over `gateways`."""
    row = (await (await session.connection()).execute(_LOOK, {"gateways": gateways})).one()
    return Outlook(*row)
