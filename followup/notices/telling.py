"""Finds what there is to tell and keeps it as notices, each once; nothing is sent here.

What is seen and the notice that tells it are one transaction: a crash loses neither.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.phone import mask
from followup.notices.letter import Kind
from storage import notice_facts, notices
from storage.database import Database
from storage.followups import QueueEntry
from storage.notices import Draft


@dataclass(frozen=True)
class Telling:
    """What is told, and to whom."""

    recipients: Mapping[Kind, Sequence[str]] = field(default_factory=dict)
    """A kind without recipients is not told."""
    urgent_rank: int = 2
    """Items up to this rank of the queue are urgent: 2 includes every dissatisfied person."""
    daily_at: time = time(20, 30)
    zone: tzinfo | None = None
    """Time zone of `daily_at`; None: UTC."""
    machine: str = ""
    """Name of this machine: a trunk may be dead for one of several only."""


class Teller:
    """Looks at the database and keeps notices of what is new."""

    def __init__(self, database: Database, clock: Clock, telling: Telling) -> None:
        self._database, self._clock, self._telling = database, clock, telling

    async def look(self, dead_trunks: Collection[str] | None = None) -> int:
        """Keep a notice of all that is new; how many.

        `dead_trunks`: trunks that do not answer this machine at present; None: not known here.
        """
        now = self._clock.now()
        added = 0
        added += await self._items(Kind.URGENT, now)
        added += await self._items(Kind.OVERDUE, now)
        if self._to(Kind.BATCH):
            added += await self._batches(now)
        if self._to(Kind.TRUNK) and dead_trunks is not None:
            added += await self._trunks(dead_trunks, now)
        if self._to(Kind.DAILY):
            added += await self._day(now)
        return added

    def _to(self, kind: Kind) -> Sequence[str]:
        return self._telling.recipients.get(kind, ())

    async def _add(self, session: AsyncSession, kind: Kind, drafts: list[Draft]) -> int:
        return await notices.add(session, drafts, self._to(kind), self._clock.now())

    async def _items(self, kind: Kind, now: datetime) -> int:
        """Tell items, some at a time, until no untold one is left."""
        added = 0
        while self._to(kind):
            async with self._database.write() as session:
                if kind is Kind.URGENT:
                    found = await notice_facts.urgent_items(session, self._telling.urgent_rank)
                    drafts = [_urgent(entry) for entry in found]
                else:
                    found = await notice_facts.overdue_items(session, now)
                    drafts = [_overdue(entry) for entry in found]
                added += await self._add(session, kind, drafts)
            if len(found) < notice_facts.AT_ONCE:
                break
        return added

    async def _batches(self, now: datetime) -> int:
        async with self._database.write() as session:
            standing = {
                f"batch:{each.id}:{each.state}": each
                for each in await notice_facts.standing_batches(session, now)
            }
            new = await notice_facts.begin_troubles(session, "batch:", standing, now)
            drafts = [
                Draft(
                    f"{key}:{now.isoformat()}",
                    Kind.BATCH.value,
                    {
                        "batch": standing[key].name,
                        "state": standing[key].state,
                        "reason": standing[key].reason,
                        "since": now.isoformat(),
                    },
                )
                for key in new
            ]
            return await self._add(session, Kind.BATCH, drafts)

    async def _trunks(self, dead: Collection[str], now: datetime) -> int:
        machine = self._telling.machine
        prefix = f"trunk:{machine}:"
        async with self._database.write() as session:
            new = await notice_facts.begin_troubles(
                session, prefix, [prefix + name for name in dead], now
            )
            drafts = [
                Draft(
                    f"{key}:{now.isoformat()}",
                    Kind.TRUNK.value,
                    {
                        "trunk": key.removeprefix(prefix),
                        "machine": machine,
                        "since": now.isoformat(),
                    },
                )
                for key in new
            ]
            return await self._add(session, Kind.TRUNK, drafts)

    async def _day(self, now: datetime) -> int:
        until = latest_summary(now, self._telling.daily_at, self._telling.zone)
        since = latest_summary(
            until - timedelta(microseconds=1), self._telling.daily_at, self._telling.zone
        )
        key = f"daily:{until.astimezone(self._telling.zone):%Y-%m-%d}"
        async with self._database.write() as session:
            if await notices.known(session, key):
                return 0
            figures = await notice_facts.day_figures(session, since, until)
            facts = {"since": since.isoformat(), "until": until.isoformat(), **figures}
            return await self._add(session, Kind.DAILY, [Draft(key, Kind.DAILY.value, facts)])


def latest_summary(now: datetime, at: time, zone: tzinfo | None) -> datetime:
    """Return the last moment not after `now` at which the clock of `zone` showed `at`."""
    local = now.astimezone(zone)
    moment = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0, fold=0)
    if moment > local:
        day = local.date() - timedelta(days=1)
        moment = moment.replace(year=day.year, month=day.month, day=day.day)
    return moment


def _urgent(entry: QueueEntry) -> Draft:
    return Draft(f"urgent:{entry.id}", Kind.URGENT.value, _facts(entry), item_id=entry.id)


def _overdue(entry: QueueEntry) -> Draft:
    assert entry.deadline is not None  # noqa: S101 - overdue items have one
    key = f"overdue:{entry.id}:{entry.deadline.isoformat()}"
    return Draft(key, Kind.OVERDUE.value, _facts(entry), item_id=entry.id, moment=entry.deadline)


def _facts(entry: QueueEntry) -> dict[str, Any]:
    """Return what a letter may tell of an item: no name, the number masked."""
    return {
        "item": entry.id,
        "case": entry.case_number,
        "unit": entry.unit,
        "reason": entry.reason,
        "key_incident": entry.key_incident,
        "number": mask(entry.e164) if entry.e164 else "",
        "deadline": entry.deadline.isoformat() if entry.deadline else None,
        "state": entry.state,
        "holder": entry.claimed_by,
    }
