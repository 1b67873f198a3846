"""Which cases a batch is made of: a query over cases, walked in chunks.

Each row is one (case, party) with all that decides whether it becomes a callback, so that a
million cases need the memory of one chunk.
"""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from storage.case_fields import fields_by_name
from storage.case_names import NAMES, with_names
from storage.schema import (
    Callback,
    Case,
    CaseParty,
    CaseTag,
    DoNotCall,
    FollowUpItem,
    Party,
    PartyNumber,
    Unit,
)

CHUNK = 5000
"""Rows looked at together (and ids in one IN list, which SQLite and PostgreSQL both take)."""


@dataclass(frozen=True)
class CaseQuery:
    """Which cases are meant. What is left empty does not matter."""

    respondents: tuple[str, ...] = ()
    """Classes of respondents."""
    units: tuple[str, ...] = ()
    """Names of units, each with all below it."""
    accepted_from: datetime | None = None
    accepted_until: datetime | None = None
    """Accepted from (included) ... until (not included)."""
    closed_from: datetime | None = None
    closed_until: datetime | None = None
    """Closed from (included) ... until (not included)."""
    tags: tuple[str, ...] = ()
    """With at least one of these tags."""
    without_tags: tuple[str, ...] = ()
    """With none of these tags."""
    sources: tuple[str, ...] = ()
    """Case platforms that they came from."""
    called_back_too: bool = False
    """True: also parties who were already called back about this case (a re-visit)."""

    def as_json(self) -> dict[str, Any]:
        """Return what the batch keeps of it: only what was asked for."""
        kept: dict[str, Any] = {}
        for name, value in asdict(self).items():
            if value:
                plain = value.isoformat() if isinstance(value, datetime) else value
                kept[name] = list(plain) if isinstance(plain, tuple) else plain
        return kept

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "CaseQuery":
        """Return the query that `as_json` gave."""
        values: dict[str, Any] = {}
        for each in fields(cls):
            if each.name not in kept:
                continue
            value = kept[each.name]
            if isinstance(value, list):
                value = tuple(value)
            elif isinstance(value, str):
                value = datetime.fromisoformat(value)
            values[each.name] = value
        return cls(**values)


@dataclass(frozen=True)
class Selected:
    """One party of one case that the query names."""

    case_id: int
    party_id: int
    case_number: str
    respondent_class: str
    accepted_at: datetime | None
    key_incident: bool
    face_to_face: bool
    language: str
    unit: str
    officer: str
    branch: str
    known_fields: frozenset[str]
    """Names of the case's fields that are not empty."""
    number: str = ""
    """The first number that is not known to be invalid; empty: none."""
    extension: str = ""
    number_invalid: bool = False
    """True where there are numbers, and all of them are invalid."""
    do_not_call: bool = False
    """True where one of the numbers is on the do-not-call list: who asked not to be called is
    not called on another number either."""
    open_elsewhere: bool = False
    """True where a callback of another batch to this party about this case is open."""
    called_back: bool = False
    """True where one was made and is over, or went to a person."""
    with_person: bool = False
    """True where the case stands, or stood, in the follow-up queue."""
    in_batch: bool = False
    """True where this very batch has it already (making it was interrupted)."""
    tags: tuple[str, ...] = field(default=())


async def unknown_units(session: AsyncSession, query: CaseQuery) -> list[str]:
    """Return the names of units in `query` that do not exist."""
    known = set(await session.scalars(select(Unit.name).where(Unit.name.in_(query.units))))
    return [name for name in query.units if name not in known]


async def chunk(
    session: AsyncSession,
    query: CaseQuery,
    after: tuple[int, int],
    *,
    batch_id: int = 0,
    party_id: int | None = None,
) -> list[Selected]:
    """Return the next rows after (case id, party id) `after`, in this order; empty: no more.

    `batch_id`: the batch that is being made; `party_id`: this party only.
    """
    rows_query = _rows(query, after)
    if party_id is not None:
        rows_query = rows_query.where(CaseParty.party_id == party_id)
    rows = (await session.execute(rows_query)).all()
    if not rows:
        return []
    case_ids = {row.case_id for row in rows}
    party_ids = {row.party_id for row in rows}
    numbers = await _numbers(session, party_ids)
    callbacks = await _callbacks(session, case_ids, batch_id)
    tags = await _tags(session, case_ids)
    with_person = set(
        await session.scalars(
            select(FollowUpItem.case_id).where(FollowUpItem.case_id.in_(case_ids))
        )
    )
    selected = []
    for row in rows:
        pair = (row.case_id, row.party_id)
        selected.append(
            Selected(
                case_id=row.case_id,
                party_id=row.party_id,
                case_number=row.case_number,
                respondent_class=row.respondent_class,
                accepted_at=row.accepted_at,
                key_incident=row.key_incident,
                face_to_face=row.face_to_face,
                language=row.language,
                unit=row.unit or "",
                officer=row.officer or "",
                branch=row.branch or "",
                known_fields=frozenset(fields_by_name(row)),
                with_person=row.case_id in with_person,
                tags=tags.get(row.case_id, ()),
                **callbacks.get(pair, {}),
                **numbers.get(row.party_id, {}),
            )
        )
    return selected


async def walk(
    session: AsyncSession, query: CaseQuery, *, batch_id: int = 0
) -> AsyncIterator[list[Selected]]:
    """Yield all rows of `query` in chunks."""
    after = (0, 0)
    while rows := await chunk(session, query, after, batch_id=batch_id):
        yield rows
        after = (rows[-1].case_id, rows[-1].party_id)


def _rows(query: CaseQuery, after: tuple[int, int]) -> Any:
    return with_names(
        select(
            CaseParty.case_id,
            CaseParty.party_id,
            Case.case_number,
            Case.respondent_class,
            Case.accepted_at,
            Case.closed_at,
            Case.key_incident,
            Case.fields,
            Party.name,
            Party.face_to_face,
            Party.language,
            *NAMES,
        )
        .join(Case, Case.id == CaseParty.case_id)
        .join(Party, Party.id == CaseParty.party_id)
        .where(*_conditions(query))
        .where(tuple_(CaseParty.case_id, CaseParty.party_id) > after)
        .order_by(CaseParty.case_id, CaseParty.party_id)
        .limit(CHUNK)
    )


def _conditions(query: CaseQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.respondents:
        found.append(Case.respondent_class.in_(query.respondents))
    if query.units:
        tree = select(Unit.id).where(Unit.name.in_(query.units)).cte("tree", recursive=True)
        tree = tree.union(select(Unit.id).join(tree, Unit.parent_id == tree.c.id))
        found.append(Case.unit_id.in_(select(tree.c.id)))
    if query.accepted_from:
        found.append(Case.accepted_at >= query.accepted_from)
    if query.accepted_until:
        found.append(Case.accepted_at < query.accepted_until)
    if query.closed_from:
        found.append(Case.closed_at >= query.closed_from)
    if query.closed_until:
        found.append(Case.closed_at < query.closed_until)
    if query.sources:
        found.append(Case.source.in_(query.sources))
    tagged = select(CaseTag.case_id).where(CaseTag.case_id == Case.id)
    if query.tags:
        found.append(exists(tagged.where(CaseTag.tag.in_(query.tags))))
    if query.without_tags:
        found.append(~exists(tagged.where(CaseTag.tag.in_(query.without_tags))))
    return found


async def _numbers(session: AsyncSession, party_ids: set[int]) -> dict[int, dict[str, Any]]:
    rows = await session.execute(
        select(
            PartyNumber.party_id,
            PartyNumber.e164,
            PartyNumber.extension,
            PartyNumber.invalid_since,
            DoNotCall.e164.label("listed"),
        )
        .outerjoin(DoNotCall, DoNotCall.e164 == PartyNumber.e164)
        .where(PartyNumber.party_id.in_(party_ids))
        .order_by(PartyNumber.party_id, PartyNumber.position, PartyNumber.e164)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        known = found.setdefault(row.party_id, {"number_invalid": True})
        if row.invalid_since is not None:
            continue
        known["number_invalid"] = False
        if row.listed is not None:
            known["do_not_call"] = True
        known.setdefault("number", row.e164)
        known.setdefault("extension", row.extension)
    return found


async def _callbacks(
    session: AsyncSession, case_ids: set[int], batch_id: int
) -> dict[tuple[int, int], dict[str, Any]]:
    rows = await session.execute(
        select(Callback.case_id, Callback.party_id, Callback.state, Callback.batch_id).where(
            Callback.case_id.in_(case_ids)
        )
    )
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for row in rows:
        known = found.setdefault((row.case_id, row.party_id), {})
        if row.batch_id == batch_id:
            known["in_batch"] = True
        elif row.state in ("waiting", "calling"):
            known["open_elsewhere"] = True
        elif row.state in ("done", "follow_up"):
            known["called_back"] = True
    return found


async def _tags(session: AsyncSession, case_ids: set[int]) -> dict[int, tuple[str, ...]]:
    rows = await session.execute(
        select(CaseTag.case_id, CaseTag.tag)
        .where(CaseTag.case_id.in_(case_ids))
        .order_by(CaseTag.case_id, CaseTag.tag)
    )
    found: dict[int, tuple[str, ...]] = {}
    for row in rows:
        found[row.case_id] = (*found.get(row.case_id, ()), row.tag)
    return found
