"""Where exports contradict each other: both values kept, so that nothing is lost silently."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.importing.directory import table_of
from storage.importing.known import Conflict
from storage.schema import Branch, ImportConflict, Officer, Unit

table = table_of(ImportConflict)
_NAMED = {"unit": table_of(Unit), "officer": table_of(Officer), "branch": table_of(Branch)}


async def stated(
    connection: AsyncConnection, import_id: int, cases: Collection[int]
) -> dict[int, set[str]]:
    """Return case -> facts that earlier rows of this import have contradicted already."""
    query = select(table.c.case_id, table.c.fact).where(
        table.c.case_id.in_(cases), table.c.import_id == import_id
    )
    found: dict[int, set[str]] = {}
    for case_id, fact in await connection.execute(query):
        found.setdefault(case_id, set()).add(fact)
    return found


async def keep(
    connection: AsyncConnection, import_id: int, conflicts: Sequence[Conflict], now: datetime
) -> list[Conflict]:
    """Write conflicts down; returns those that were new (a kept fact is noted once a value)."""
    if not conflicts:
        return []
    words = await _words(connection, conflicts)
    known: set[tuple[int, str, str]] = set()
    query = select(table.c.case_id, table.c.fact, table.c.new).where(
        table.c.case_id.in_({one.case.id for one in conflicts}), ~table.c.taken
    )
    for case_id, fact, new in await connection.execute(query):
        known.add((case_id, fact, new))
    kept: list[Conflict] = []
    rows: list[dict[str, Any]] = []
    for one in conflicts:
        old, new = words(one.fact, one.old), words(one.fact, one.new)
        if one.taken or (one.case.id, one.fact, new) not in known:
            kept.append(one)
            rows.append(
                {
                    "import_id": import_id,
                    "case_id": one.case.id,
                    "fact": one.fact,
                    "old": old,
                    "new": new,
                    "taken": one.taken,
                    "at": now,
                }
            )
    if rows:
        await connection.execute(insert(table), rows)
    return kept


async def _words(connection: AsyncConnection, conflicts: Sequence[Conflict]) -> Any:
    """Return a function (fact, value) -> the value in words."""
    names: dict[tuple[str, int], str] = {}
    for fact, named in _NAMED.items():
        ids = {id_ for one in conflicts if one.fact == fact for id_ in (one.old, one.new)}
        if ids:
            for row in await connection.execute(select(named).where(named.c.id.in_(ids))):
                badge = f"{row.badge_number} " if fact == "officer" else ""
                names[fact, row.id] = f"{badge}{row.name}".strip()

    def words(fact: str, value: Any) -> str:
        if fact in _NAMED:
            return names.get((fact, value), str(value))
        return value.isoformat(" ") if isinstance(value, datetime) else str(value)

    return words
