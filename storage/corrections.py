"""A corrected phone number: the party gets it, the old one is marked, the callback may go on."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.phone import PhoneNumber
from storage.schema import Batch, Callback, PartyNumber


async def correct_number(
    session: AsyncSession, party_id: int, old: str, new: PhoneNumber, now: datetime
) -> None:
    """Make `new` the party's first number and mark `old` as invalid."""
    await session.execute(
        update(PartyNumber)
        .where(PartyNumber.party_id == party_id, PartyNumber.e164 == old)
        .values(invalid_since=now)
    )
    await session.execute(
        delete(PartyNumber).where(PartyNumber.party_id == party_id, PartyNumber.e164 == new.e164)
    )
    await session.execute(
        update(PartyNumber)
        .where(PartyNumber.party_id == party_id)
        .values(position=PartyNumber.position + 1)
    )
    session.add(
        PartyNumber(
            party_id=party_id,
            e164=new.e164,
            extension=new.extension,
            kind=new.kind,
            position=0,
        )
    )
    await session.flush()


async def call_again(
    session: AsyncSession, callback_id: int, new: PhoneNumber, now: datetime
) -> bool:
    """Put a callback back to waiting with another number; False where it is being called.

    Its tries start anew and its deadline falls: a person decided that it is called once more.
    A batch that was finished by then is ready again. What it comes to is a further result,
    written back even where the first one was.
    """
    batch_id = await session.scalar(
        update(Callback)
        .where(Callback.id == callback_id, Callback.state != "calling")
        .values(
            state="waiting",
            state_reason="",
            verdict=None,
            e164=new.e164,
            extension=new.extension,
            tries=0,
            deadline=None,
            next_at=now,
            due=False,
            closed_at=None,
            result=Callback.result + 1,
        )
        .returning(Callback.batch_id)
        .execution_options(synchronize_session=False)
    )
    if batch_id is None:
        return False
    await session.execute(
        update(Batch)
        .where(Batch.id == batch_id, Batch.state == "finished")
        .values(state="ready", finished_at=None)
    )
    return True
