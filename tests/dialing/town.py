"""A town of people to be called: rows for tests and benchmarks, made quickly."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, insert, text

from core.clock import SystemClock
from storage.database import Database
from storage.schema import Batch, Callback, Case, CaseParty, FlowVersion, Party, PartyNumber
from storage.types import UtcDateTime

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
                "due": True,
                "created_at": now,
            },
        ),
    )


class DayClock(SystemClock):
    """Real waiting on a working day in March, whatever the hour is."""

    def __init__(self, since: datetime | None = None) -> None:
        """`since`: the real moment at which that day's 10:00 was (None: now). Processes that
        live one after another must name the same, or time runs backwards for the database."""
        self._shift = MORNING - (since or super().now())

    def now(self) -> datetime:
        return super().now() + self._shift


async def settle_many(
    database: Database,
    people: int,
    *,
    batch: int = 1,
    state: str = "running",
    urgent: bool = False,
) -> None:
    """Make the same town for millions, inside the database; a tenth of them are retries whose
    time has come but was not noticed yet. `urgent`: they stand before those of other batches."""
    if database.dialect == "postgresql":
        people_from = "FROM generate_series(:first, :last) AS p(i)"
        numbered = "'+86138' || lpad(CAST(i AS text), 8, '0')"
        yes, no = "true", "false"
    else:
        people_from = (
            "FROM (WITH RECURSIVE p(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM p "
            "WHERE i < :last) SELECT i FROM p)"
        )
        numbered, yes, no = "printf('+86138%08d', i)", "1", "0"
    due = f"CASE WHEN i % 10 = 0 THEN {no} ELSE {yes} END"
    first = (batch - 1) * 10_000_000 + 1
    bound = {
        "first": first,
        "last": first + people - 1,
        "now": MORNING,
        "batch": batch,
        # As batches do it: by hours of deadline, some thousand people in each.
        "front": -1_000_000 if urgent else 0,
    }
    rows = {
        "cases (id, source, case_number, respondent_class, key_incident, fields, created_at, "
        "updated_at)": f"i, '', 'C' || i, 'emergency', {no}, '{{}}', :now, :now",
        "parties (id, name, language, time_zone, face_to_face)": f"i, 'P' || i, '', '', {no}",
        "case_parties (case_id, party_id, role)": "i, i, ''",
        "party_numbers (party_id, e164, extension, kind, position)": (
            f"i, {numbered}, '', 'mobile', 0"
        ),
        "callbacks (id, batch_id, case_id, party_id, e164, extension, language, state, "
        "state_reason, priority, next_at, due, tries, sequence, created_at)": (
            f"i, :batch, i, i, {numbered}, '', '', 'waiting', '', "
            f":front + (i % 1000 * 7919) % 120, :now, {due}, 0, 0, :now"
        ),
    }
    await settle(database, 0, batch=batch, state=state)
    async with database.write() as session:
        if database.dialect == "postgresql":  # nothing dangles: no need to look up each key
            await session.execute(text("SET LOCAL session_replication_role = replica"))
        for table, values in rows.items():
            statement = text(f"INSERT INTO {table} SELECT {values} {people_from}")
            used = {name: value for name, value in bound.items() if f":{name}" in statement.text}
            typed = [bindparam("now", type_=UtcDateTime())] if "now" in used else []
            await session.execute(statement.bindparams(*typed), used)
