"""Who may be ringing us: the callbacks that belong to a number."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.candidates import CALLBACKS, Candidate
from storage.facts import KnownCallback, callback_facts
from storage.schema import Attempt, Batch, Callback, Party, PartyNumber

MOST = 20
"""Callbacks of one number that are looked at, the latest first."""


@dataclass(frozen=True)
class KnownCaller:
    """One callback that the caller may mean."""

    candidate: Candidate
    batch_state: str
    disposition: str | None
    """Of the last attempt."""
    tried_at: datetime | None
    """When he was last reached out to; None: never yet."""


async def callers(session: AsyncSession, numbers: Collection[str]) -> dict[str, list[KnownCaller]]:
    """Return the callbacks of each number, or of who owns it, the latest first, locked."""
    tried_at = (
        select(func.max(Attempt.claimed_at))
        .where(Attempt.callback_id == Callback.id)
        .correlate(Callback)
        .scalar_subquery()
    )
    asked = list(numbers)
    owners = select(PartyNumber.party_id).where(PartyNumber.e164.in_(asked))
    rows = await session.execute(
        callback_facts(
            Callback.batch_id,
            Batch.flow_version_id,
            Callback.extension,
            func.coalesce(func.nullif(Callback.language, ""), Party.language),
            Callback.sequence,
            Batch.state,
            Callback.disposition,
            tried_at,
        )
        .join(Batch, Batch.id == Callback.batch_id)
        .where(or_(Callback.e164.in_(asked), Callback.party_id.in_(owners)))
        .order_by(Callback.id.desc())
        .limit(MOST * len(asked))
        .with_for_update(of=CALLBACKS)
    )
    found = [_read(row) for row in rows]
    belong = await _numbers(session, {one.candidate.known.party_id for one in found}, asked)
    return {
        number: [
            one
            for one in found
            if one.candidate.known.e164 == number
            or (one.candidate.known.party_id, number) in belong
        ]
        for number in asked
    }


async def _numbers(
    session: AsyncSession, parties: Collection[int], numbers: Collection[str]
) -> set[tuple[int, str]]:
    rows = await session.execute(
        select(PartyNumber.party_id, PartyNumber.e164).where(
            PartyNumber.party_id.in_(parties), PartyNumber.e164.in_(numbers)
        )
    )
    return {(row[0], row[1]) for row in rows}


_FACTS = len(KnownCallback._fields)


def _read(row: Any) -> KnownCaller:
    known = KnownCallback._make(row[:_FACTS])
    batch_id, flow_version_id, extension, language, sequence, *rest = row[_FACTS:]
    candidate = Candidate(
        known.id, batch_id, flow_version_id, extension, language or "", sequence, known
    )
    return KnownCaller(candidate, *rest)


async def open_attempt(session: AsyncSession, callback_id: int) -> tuple[int, str] | None:
    """Return the attempt about a callback that is under way, and its channel; None: none is."""
    row = (
        await session.execute(
            select(Attempt.id, Attempt.channel).where(
                Attempt.callback_id == callback_id, Attempt.state == "open"
            )
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])
