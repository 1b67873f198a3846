"""What a survey may say about a case: its fields by name, the same for all surveys.

Beside the further columns of the import (the mapping's `fields`) every case has: case_number,
respondent_class, accepted_at, closed_at, unit (its own name), unit_path (with those above it),
officer, branch, name (of the party), language.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.case_names import NAMES, with_names
from storage.schema import Callback, Case, Party

UNIT_SEPARATOR = "/"
"""Between the levels of a unit's full name."""


def fields_by_name(row: Row[Any] | Any) -> dict[str, Any]:
    """Return the fields of a row with the columns named above; empty ones are left out."""
    own = {
        "case_number": row.case_number,
        "respondent_class": row.respondent_class,
        "accepted_at": row.accepted_at,
        "closed_at": row.closed_at,
        "unit": (row.unit or "").rpartition(UNIT_SEPARATOR)[2],
        "unit_path": row.unit,
        "officer": row.officer,
        "branch": row.branch,
        "name": row.name,
        "language": row.language,
    }
    found = {**(row.fields or {}), **own}
    return {name: value for name, value in found.items() if value not in (None, "")}


async def fields_of(session: AsyncSession, callback_id: int, zone: ZoneInfo) -> dict[str, Any]:
    """Return the fields of a callback's case; moments in `zone`, so that they are said rightly."""
    row = (await session.execute(_FIELDS.where(Callback.id == callback_id))).one()
    return _spoken(row, zone)


async def fields_of_batch(
    session: AsyncSession, batch_id: int, zone: ZoneInfo
) -> dict[int, dict[str, Any]]:
    """Return the fields of all callbacks of a batch, by callback: for rehearsals."""
    rows = await session.execute(
        _FIELDS.add_columns(Callback.id.label("of")).where(Callback.batch_id == batch_id)
    )
    return {row.of: _spoken(row, zone) for row in rows}


async def fields_of_callbacks(
    session: AsyncSession, zones: Mapping[int, ZoneInfo]
) -> dict[int, dict[str, Any]]:
    """Return the fields of these callbacks' cases, each with moments in its own zone."""
    rows = await session.execute(
        _FIELDS.add_columns(Callback.id.label("of")).where(Callback.id.in_(zones))
    )
    return {row.of: _spoken(row, zones[row.of]) for row in rows}


def _spoken(row: Row[Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        name: value.astimezone(zone) if isinstance(value, datetime) else value
        for name, value in fields_by_name(row).items()
    }


_FIELDS = with_names(
    select(
        Case.case_number,
        Case.respondent_class,
        Case.accepted_at,
        Case.closed_at,
        Case.fields,
        *NAMES,
        Party.name.label("name"),
        Party.language.label("language"),
    )
    .select_from(Callback)
    .join(Case, Case.id == Callback.case_id)
    .join(Party, Party.id == Callback.party_id)
)
