"""A town of people to be called: rows for tests and benchmarks, made quickly."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert

from storage.database import Database
from storage.schema import Batch, Callback, Case, CaseParty, FlowVersion, Party, PartyNumber

MORNING = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Shanghai."""


def number(i: int) -> str:
    """Return the mobile number of person `i`."""
    return f"+86138{i:08d}"


async def settle(
    database: Database,
    people: int,
    *,
    now: datetime = MORNING,
    batch: int = 1,
    state: str = "running",
    numbers: Sequence[str] | None = None,
    source: str = "",
) -> None:
    """Make batch `batch` with one case, party and callback each for `people` people."""
    offset = (batch - 1) * 10_000_000
    ids = range(offset + 1, offset + people + 1)
    async with database.write() as session:
        flow = {"name": "town", "version": 1, "sha256": f"{batch}", "source": source}
        await session.execute(insert(FlowVersion), [{"id": batch, **flow, "stored_at": now}])
        await session.execute(
            insert(Batch),
            [
                {
                    "id": batch,
                    "name": f"batch {batch}",
                    "flow_version_id": batch,
                    "state": state,
                    "created_at": now,
                }
            ],
        )
        for table, row in _rows(now, batch, numbers, offset):
            for begin in range(0, people, 20_000):
                part: list[dict[str, Any]] = [row(i) for i in ids[begin : begin + 20_000]]
                await session.execute(insert(table), part)


def _rows(now: datetime, batch: int, numbers: Sequence[str] | None, offset: int) -> Any:
    def e164(i: int) -> str:
        return number(i) if numbers is None else numbers[i - offset - 1]

    return (
        (
            Case,
            lambda i: {
                "id": i,
                "case_number": f"C{i}",
                "respondent_class": "emergency",
                "created_at": now,
                "updated_at": now,
            },
        ),
        (Party, lambda i: {"id": i, "name": f"P{i}"}),
        (CaseParty, lambda i: {"case_id": i, "party_id": i}),
        (PartyNumber, lambda i: {"party_id": i, "e164": e164(i)}),
        (
            Callback,
            lambda i: {
                "id": i,
                "batch_id": batch,
                "case_id": i,
                "party_id": i,
                "e164": e164(i),
                "next_at": now,
                "created_at": now,
            },
        ),
    )
