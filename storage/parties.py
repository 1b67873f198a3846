"""Finding a party, and what was done about it: callbacks and attempts, over all batches."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import Attempt, Batch, Callback, Case, Party, PartyNumber


@dataclass(frozen=True)
class PartyFound:
    """A party with its numbers, the first one first."""

    id: int
    name: str
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class CallbackFound:
    """A callback with its batch and case."""

    id: int
    case_id: int
    case_number: str
    batch: str
    batch_state: str
    batch_reason: str
    e164: str
    state: str
    state_reason: str
    disposition: str | None
    verdict: str | None
    created_at: datetime
    plan: dict[str, Any]
    """Of its batch (`core.plan.stored_plan`)."""
    plan_step: int
    channel: str


@dataclass(frozen=True)
class AttemptFound:
    """One attempt as `huifang why` tells it."""

    callback_id: int
    e164: str
    at: datetime
    ended_at: datetime | None
    disposition: str | None
    verdict: str | None
    reason: str
    sip_status: int
    direction: str
    """outgoing; incoming: the person rang, or wrote, by himself."""


async def find_parties(
    session: AsyncSession,
    *,
    numbers: Collection[str] = (),
    party_id: int | None = None,
    name: str = "",
    limit: int = 20,
) -> list[PartyFound]:
    """Return parties with one of these numbers, of this id, or of this name."""
    query = select(Party.id, Party.name).order_by(Party.id).limit(limit)
    if numbers:
        query = query.where(
            Party.id.in_(select(PartyNumber.party_id).where(PartyNumber.e164.in_(numbers)))
        )
    elif party_id is not None:
        query = query.where(Party.id == party_id)
    else:
        query = query.where(Party.name == name)
    rows = (await session.execute(query)).all()
    known = await session.execute(
        select(PartyNumber.party_id, PartyNumber.e164)
        .where(PartyNumber.party_id.in_([row.id for row in rows]))
        .order_by(PartyNumber.party_id, PartyNumber.position)
    )
    of: dict[int, list[str]] = {}
    for owner, e164 in known:
        of.setdefault(owner, []).append(e164)
    return [PartyFound(row.id, row.name, tuple(of.get(row.id, ()))) for row in rows]


async def callbacks_of(session: AsyncSession, party_id: int) -> list[CallbackFound]:
    """Return the party's callbacks of all batches, latest first."""
    rows = await session.execute(
        select(
            Callback.id,
            Callback.case_id,
            Case.case_number,
            Batch.name.label("batch"),
            Batch.state.label("batch_state"),
            Batch.state_reason.label("batch_reason"),
            Callback.e164,
            Callback.state,
            Callback.state_reason,
            Callback.disposition,
            Callback.verdict,
            Callback.created_at,
            Batch.plan,
            Callback.plan_step,
            Callback.channel,
        )
        .join(Case, Case.id == Callback.case_id)
        .join(Batch, Batch.id == Callback.batch_id)
        .where(Callback.party_id == party_id)
        .order_by(Callback.id.desc())
    )
    return [CallbackFound(**row._mapping) for row in rows]


async def attempts_of(session: AsyncSession, party_id: int) -> list[AttemptFound]:
    """Return all attempts to the party, latest first."""
    rows = await session.execute(
        select(
            Attempt.callback_id,
            Attempt.e164,
            Attempt.claimed_at.label("at"),
            Attempt.ended_at,
            Attempt.disposition,
            Attempt.verdict,
            Attempt.reason,
            Attempt.sip_status,
            Attempt.direction,
        )
        .where(Attempt.party_id == party_id)
        .order_by(Attempt.claimed_at.desc(), Attempt.id.desc())
    )
    return [AttemptFound(**row._mapping) for row in rows]
