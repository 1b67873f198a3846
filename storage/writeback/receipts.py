"""What was written back, and by which file or transaction: one row a result and target."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from storage.final import FinalResult
from storage.schema import WriteBack

_LOCK = 4_812_112
"""PostgreSQL's advisory lock that lets one run record at a time."""


@dataclass(frozen=True)
class Receipt:
    """One file or transaction that carried results."""

    target: str
    receipt: str
    results: int


async def one_at_a_time(session: AsyncSession) -> None:
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def record(
    session: AsyncSession, target: str, name: str, found: list[FinalResult], clock: Clock
) -> None:
    now = clock.now()
    session.add_all(
        WriteBack(
            target=target,
            callback_id=one.callback_id,
            result=one.result,
            receipt=name,
            written_at=now,
        )
        for one in found
    )


def receipt_name(target: str, found: list[FinalResult]) -> str:
    ids = [one.callback_id for one in found]
    results = ",".join(f"{one.callback_id}.{one.result}" for one in found)
    digest = hashlib.sha256(results.encode()).hexdigest()[:8]
    return f"{target[:50]}-{ids[0]:08d}-{ids[-1]:08d}-{digest}"
