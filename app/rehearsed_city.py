"""A made-up city to be called: cases with one party and one number each."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert

from storage.database import Database
from storage.schema import Case, CaseParty, Party, PartyNumber, Unit

CHUNK = 5000
STATIONS = 20


def number(i: int) -> str:
    """Return the made-up mobile number of person `i`."""
    return f"+86139{i:08d}"


async def found(
    database: Database, people: int, *, respondent_class: str, now: datetime, language: str = ""
) -> None:
    """Found the city: `people` cases of one class, accepted at `now`."""
    async with database.write() as session:
        await session.execute(
            insert(Unit), [{"id": i, "name": f"Station {i}"} for i in range(1, STATIONS + 1)]
        )
        for first in range(1, people + 1, CHUNK):
            ids = range(first, min(first + CHUNK, people + 1))
            rows: tuple[tuple[Any, list[dict[str, Any]]], ...] = (
                (Case, [_case(i, respondent_class, now) for i in ids]),
                (Party, [{"id": i, "name": f"P{i}", "language": language} for i in ids]),
                (CaseParty, [{"case_id": i, "party_id": i} for i in ids]),
                (PartyNumber, [{"party_id": i, "e164": number(i)} for i in ids]),
            )
            for table, values in rows:
                await session.execute(insert(table), values)


def _case(i: int, respondent_class: str, now: datetime) -> dict[str, Any]:
    return {
        "id": i,
        "case_number": f"R{i}",
        "respondent_class": respondent_class,
        "unit_id": i % STATIONS + 1,
        "accepted_at": now,
        "created_at": now,
        "updated_at": now,
    }
