"""A rehearsal writes many ends at once: the rows are those that real calls leave, one by one."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.disposition import Disposition
from core.rules import CallingRules, PacingRules
from dialer.starting import following
from storage.attempt_ends import End, finish_all
from storage.attempts import AttemptEnd, finish
from storage.database import Database
from storage.schema import Attempt, Callback, FollowUpEvent, FollowUpItem, PartyNumber
from tests.dialing.town import MORNING, number, settle

KINDS = ("plain", "last_try", "answered", "booked", "wanted", "next_number", "has_item", "shared")
ENDED = MORNING + timedelta(seconds=40)
PEOPLE = len(Disposition) * len(KINDS)
Rows = dict[str, list[tuple[Any, ...]]]


def _end(attempt: int, disposition: Disposition, kind: str) -> End:
    more: dict[str, Any] = {}
    if kind == "answered":
        more = {
            "verdict": "satisfied",
            "ringing_at": MORNING + timedelta(seconds=2),
            "answered_at": MORNING + timedelta(seconds=9),
            "session": {"node": "thanks", "answers": {}},
            "recording": f"2026-03-03/{attempt}.wav",
            "packets_lost": 3,
        }
    elif kind == "booked":
        more = {"booked_at": MORNING + timedelta(days=1)}
    elif kind == "wanted":
        more = {"person_wanted": "dissatisfied", "verdict": "dissatisfied"}
    end = AttemptEnd(
        attempt_id=attempt,
        disposition=disposition.value,
        aapor=disposition.aapor,
        counts=disposition.counts_against_party,
        ended_at=ENDED + timedelta(seconds=attempt),
        reason="r" * 600,
        sip_status=200,
        q850_cause=16,
        **more,
    )
    follows = following(disposition, CallingRules(), PacingRules(), {}, end.ended_at, 0, "zh")
    return end, follows


async def _prepare(database: Database) -> list[End]:
    """One open attempt for each kind of each disposition; the last one was closed by others."""
    await settle(database, PEOPLE)
    ends, attempts = [], []
    async with database.write() as session:
        for i in range(1, PEOPLE + 1):
            disposition = list(Disposition)[(i - 1) // len(KINDS)]
            kind = KINDS[(i - 1) % len(KINDS)]
            ends.append(_end(i, disposition, kind))
            attempts.append(
                {
                    **{"id": i, "callback_id": i, "sequence": 1, "party_id": i},
                    **{"e164": number(i), "trunk": "one", "dialer": "d", "claimed_at": MORNING},
                    "dialed_at": MORNING + timedelta(seconds=1),
                }
            )
            if kind == "last_try":
                await _change(session, i, tries=2)
            elif kind == "next_number":
                other = {"party_id": i, "e164": number(5000 + i), "position": 1}
                await session.execute(insert(PartyNumber), [other])
            elif kind == "has_item":
                item = {"case_id": i, "callback_id": i, "party_id": i, "reason": "dissatisfied"}
                await session.execute(
                    insert(FollowUpItem), [{**item, "rank": 1, "created_at": MORNING}]
                )
            elif kind == "shared":  # a second callback of the case of `has_item`
                await _change(session, i, case_id=i - 1)
        await _change(session, 1, verdict="satisfied", deadline=MORNING + timedelta(days=9))
        await session.execute(insert(Attempt), attempts)
        closed = {"state": "closed", "disposition": "unknown", "ended_at": ENDED}
        await session.execute(update(Attempt).where(Attempt.id == PEOPLE).values(**closed))
        await session.execute(update(Callback).values(state="calling", due=False))
    return ends


async def _change(session: AsyncSession, callback: int, **values: Any) -> None:
    await session.execute(update(Callback).where(Callback.id == callback).values(**values))


async def _rows(database: Database) -> Rows:
    """Return all that an end may change; items are named by their case, not by their number."""
    event, item = FollowUpEvent, FollowUpItem
    of_item = [c for c in item.__table__.c if c.name != "id"]
    queries = {
        "attempts": select(*Attempt.__table__.c),
        "callbacks": select(*Callback.__table__.c),
        "numbers": select(*PartyNumber.__table__.c),
        "items": select(*of_item),
        "events": select(item.case_id, item.callback_id, event.at, event.by, event.event).join(
            item, item.id == event.item_id
        ),
        "notes": select(item.case_id, event.note).join(item, item.id == event.item_id),
    }
    async with database.read() as session:
        return {
            name: sorted((tuple(row) for row in await session.execute(query)), key=repr)
            for name, query in queries.items()
        }


async def _outcome(
    file: Path, write: Callable[[AsyncSession, list[End]], Awaitable[None]], *, rehearsal: bool
) -> Rows:
    database = Database(f"sqlite:///{file}", rehearsal=rehearsal)
    try:
        await database.migrate()
        ends = await _prepare(database)
        async with database.write() as session:
            await write(session, ends)
        return await _rows(database)
    finally:
        await database.close()


async def _one_by_one(session: AsyncSession, ends: list[End]) -> None:
    for end, follows in ends:
        assert await finish(session, end, follows) is (end.attempt_id < PEOPLE)


@pytest.mark.parametrize("group", [1, 7, PEOPLE])
async def test_ends_together_leave_the_rows_of_ends_one_by_one(tmp_path: Path, group: int) -> None:
    async def together(session: AsyncSession, ends: list[End]) -> None:
        for first in range(0, PEOPLE, group):
            await finish_all(session, ends[first : first + group])

    real = await _outcome(tmp_path / "real.db", _one_by_one, rehearsal=False)
    rehearsed = await _outcome(tmp_path / "rehearsed.db", together, rehearsal=True)
    for name, rows in real.items():
        assert rehearsed[name] == rows, name
    column = list(Callback.__table__.c.keys()).index("state")
    states = {row[column] for row in real["callbacks"]}
    # Every way an end may go is among them, so the comparison compares something.
    assert states == {"waiting", "done", "follow_up", "calling"}
    assert len(real["items"]) > len(Disposition)
