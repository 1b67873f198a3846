"""What is left to do by text: for a worker that ends when nothing is."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import TextConversation, TextMessage


@dataclass(frozen=True)
class Outlook:
    """How much waits."""

    conversations: int
    """That wait for a reply."""
    outgoing: int
    """Messages that wait to be sent, or are being sent."""
    received: int
    """Messages that are to be dealt with."""

    @property
    def anything(self) -> bool:
        """True where something waits."""
        return bool(self.conversations or self.outgoing or self.received)


async def outlook(session: AsyncSession) -> Outlook:
    """Look at everything that waits, of all processes."""
    waiting = select(func.count()).select_from(TextConversation)
    conversations = await session.scalar(waiting.where(TextConversation.state == "waiting"))
    counted = select(func.count()).select_from(TextMessage)
    going = await session.scalar(counted.where(TextMessage.state.in_(("waiting", "sending"))))
    came = await session.scalar(counted.where(TextMessage.state == "received"))
    return Outlook(conversations or 0, going or 0, came or 0)
