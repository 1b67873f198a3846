"""A batch copied into a database of its own, for a rehearsal: the original is only read.

Copied are the callbacks that wait, with all that the policy, the survey and the report ask about
them. What other batches know of the same people and numbers comes along as their attempts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import Database
from storage.schema import (
    Attempt,
    Base,
    Batch,
    Branch,
    Callback,
    Case,
    CaseParty,
    CaseTag,
    DoNotCall,
    FlowVersion,
    FollowUpItem,
    Officer,
    Party,
    PartyNumber,
    Unit,
)

CHUNK = 2000


async def copy_batch(
    source: Database, target: Database, batch_id: int, *, now: datetime, history: timedelta
) -> int:
    """Copy one batch, ready to be started; returns how many callbacks wait in it.

    `history`: how far back attempts to the same people and numbers matter. `target` has its
    tables, is empty, and does not look at foreign keys.
    """
    waiting = select(Callback.id).where(Callback.batch_id == batch_id, Callback.state == "waiting")
    async with source.read() as session:
        ids = list(await session.scalars(waiting.order_by(Callback.id)))
        if not ids:
            return 0
        batch = await session.get_one(Batch, batch_id)
        flow = select(FlowVersion).where(FlowVersion.id == batch.flow_version_id)
        for model, rows in (
            (FlowVersion, flow),
            (Batch, select(Batch).where(Batch.id == batch_id)),
            (Unit, select(Unit)),
            (Officer, select(Officer)),
            (Branch, select(Branch)),
        ):
            await _copy(session, target, model, rows, ready=model is Batch)
        seen: dict[type[Base], set[Any]] = {}
        for first in range(0, len(ids), CHUNK):
            await _copy_people(session, target, ids[first : first + CHUNK], now - history, seen)
    return len(ids)


async def _copy_people(
    session: AsyncSession,
    target: Database,
    ids: Sequence[int],
    since: datetime,
    seen: dict[type[Base], set[Any]],
) -> None:
    """Copy some callbacks and whatever belongs to them, no row twice."""
    chosen = Callback.id.in_(ids)
    cases = select(Callback.case_id).where(chosen)
    parties = select(Callback.party_id).where(chosen)
    numbers = (
        select(PartyNumber.e164)
        .where(PartyNumber.party_id.in_(parties))
        .union(select(Callback.e164).where(chosen))
    )
    tried = or_(Attempt.party_id.in_(parties), Attempt.e164.in_(numbers))
    for model, rows in (
        (Case, select(Case).where(Case.id.in_(cases))),
        (CaseTag, select(CaseTag).where(CaseTag.case_id.in_(cases))),
        (Party, select(Party).where(Party.id.in_(parties))),
        (
            CaseParty,
            select(CaseParty).where(CaseParty.case_id.in_(cases), CaseParty.party_id.in_(parties)),
        ),
        (PartyNumber, select(PartyNumber).where(PartyNumber.party_id.in_(parties))),
        (DoNotCall, select(DoNotCall).where(DoNotCall.e164.in_(numbers))),
        (Callback, select(Callback).where(chosen)),
        (
            Attempt,
            select(Attempt).where(tried, Attempt.state == "closed", Attempt.claimed_at > since),
        ),
        (
            FollowUpItem,
            select(FollowUpItem).where(
                FollowUpItem.case_id.in_(cases), FollowUpItem.state != "closed"
            ),
        ),
    ):
        await _copy(session, target, model, rows, seen=seen.setdefault(model, set()))


async def _copy(
    session: AsyncSession,
    target: Database,
    model: type[Base],
    rows: Any,
    *,
    ready: bool = False,
    seen: set[Any] | None = None,
) -> None:
    table = cast(Table, model.__table__)
    keys = [column.name for column in table.primary_key.columns]
    found = []
    for row in await session.execute(rows.with_only_columns(*table.columns)):
        values = dict(row._mapping)
        key = tuple(values[name] for name in keys)
        if seen is not None and key in seen:
            continue
        if seen is not None:
            seen.add(key)
        if ready:
            values |= {"state": "ready", "state_reason": ""}
        found.append(values)
    if found:
        async with target.write() as writing:
            await (await writing.connection()).execute(insert(table), found)
