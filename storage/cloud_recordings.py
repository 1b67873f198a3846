"""Recordings that lie at a cloud provider: which are still to be brought into the house."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import CloudRecording


@dataclass(frozen=True)
class Abroad:
    """A recording that lies at the provider."""

    sid: str
    attempt_id: int
    trunk: str
    recording: str
    """Where it will lie below the recordings folder."""
    tries: int = 0


async def add(session: AsyncSession, found: Sequence[Abroad], now: datetime) -> None:
    """Note recordings that are to be fetched; those known already stay as they are."""
    if not found:
        return
    asked = [one.sid for one in found]
    known = await session.scalars(select(CloudRecording.sid).where(CloudRecording.sid.in_(asked)))
    there = set(known)
    new = [dict(one.__dict__) | {"next_at": now} for one in found if one.sid not in there]
    if new:
        await session.execute(insert(CloudRecording), new)


async def waiting(
    session: AsyncSession, trunks: Sequence[str], now: datetime, until: datetime, most: int = 20
) -> list[Abroad]:
    """Take up recordings that are due; others leave them alone `until` then."""
    due = (
        select(CloudRecording.sid)
        .where(CloudRecording.state == "waiting", CloudRecording.next_at <= now)
        .where(CloudRecording.trunk.in_(trunks))
        .order_by(CloudRecording.next_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    sids = list(await session.scalars(due))
    if not sids:
        return []
    rows = await session.execute(
        update(CloudRecording)
        .where(CloudRecording.sid.in_(sids))
        .values(next_at=until, tries=CloudRecording.tries + 1)
        .returning(
            CloudRecording.sid,
            CloudRecording.attempt_id,
            CloudRecording.trunk,
            CloudRecording.recording,
            CloudRecording.tries,
        )
        .execution_options(synchronize_session=False)
    )
    return [Abroad(*row) for row in rows]


async def settle(
    session: AsyncSession, sid: str, state: str, now: datetime, error: str = ""
) -> None:
    """Say what became of one; ``waiting``: it is tried again from `now` on."""
    await session.execute(
        update(CloudRecording)
        .where(CloudRecording.sid == sid)
        .values(state=state, next_at=now, error=error[:300])
    )
