"""Callbacks whose result stands, as they are written back to where their cases came from.

What stands: `done`; and `follow_up` where the person rated (satisfied, basically satisfied or
dissatisfied: the rating is the result, what people then do about it is another matter). What the
machine could not settle (unsure, not reached, partial, unknown) stands once its follow-up item is
closed, with the outcome that a person recorded. Cancelled callbacks have no result.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.verdict import Verdict
from storage.case_names import NAMES, with_names
from storage.results import answers_of
from storage.schema import (
    Attempt,
    Batch,
    Callback,
    Case,
    CaseParty,
    CaseTag,
    FollowUpItem,
    Officer,
    Party,
    PartyNumber,
    WriteBack,
)

_RATED = (Verdict.SATISFIED, Verdict.BASICALLY_SATISFIED, Verdict.DISSATISFIED)


@dataclass(frozen=True)
class FinalResult:
    """The result of one callback, with the facts of its case as they were imported."""

    callback_id: int
    result: int
    """1, 2 ...: a callback that people had called again has one more."""
    batch: str
    source: str
    case_number: str
    respondent_class: str
    party_name: str
    numbers: tuple[str, ...]
    role: str
    unit: str
    officer: str
    badge_number: str
    branch: str
    tags: tuple[str, ...]
    accepted_at: datetime | None
    closed_at: datetime | None
    fields: dict[str, Any]
    language: str
    face_to_face: bool
    verdict: str
    """Empty: nobody rated."""
    disposition: str
    called_at: datetime | None
    """Start of the last attempt."""
    tries: int
    aspects: dict[str, str]
    reason: str
    settled_by: str
    """``machine`` or ``person``."""


def _stands() -> Any:
    of_case = FollowUpItem.case_id == Callback.case_id
    since = func.coalesce(Callback.closed_at, Callback.created_at)
    closed = exists().where(
        of_case, FollowUpItem.state == "closed", FollowUpItem.closed_at >= since
    )
    still_open = exists().where(of_case, FollowUpItem.state != "closed")
    rated = Callback.verdict.in_(_RATED)
    return or_(
        Callback.state == "done",
        (Callback.state == "follow_up") & (rated | (closed & ~still_open)),
    )


async def standing(
    session: AsyncSession, target: str, *, source: str = "", limit: int = 1000, after: int = 0
) -> list[FinalResult]:
    """Return results that stand and were not yet written to `target`, oldest callback first.

    `source`: only of cases from this case platform; empty: of all. `after`: only callbacks with
    a greater id, for reading on where the last page ended.
    """
    written = exists().where(
        WriteBack.target == target,
        WriteBack.callback_id == Callback.id,
        WriteBack.result == Callback.result,
    )
    query = (
        select(
            Callback,
            Case,
            Party,
            Batch.name.label("batch"),
            *NAMES,
            Officer.badge_number,
            CaseParty.role,
        )
        .join(Case, Case.id == Callback.case_id)
        .join(Party, Party.id == Callback.party_id)
        .join(Batch, Batch.id == Callback.batch_id)
        .outerjoin(CaseParty, (CaseParty.case_id == Case.id) & (CaseParty.party_id == Party.id))
        .where(_stands(), ~written, Callback.id > after)
        .order_by(Callback.id)
        .limit(limit)
    )
    if source:
        query = query.where(Case.source == source)
    rows = (await session.execute(with_names(query))).all()
    gathered = await _gathered(session, rows) if rows else {}
    return [_final(row, gathered[row.Callback.id]) for row in rows]


@dataclass
class _Gathered:
    numbers: tuple[str, ...]
    tags: tuple[str, ...]
    attempts: list[Attempt]
    aspects: dict[str, str]
    outcome: str


async def _gathered(session: AsyncSession, rows: Any) -> dict[int, _Gathered]:
    callbacks = [row.Callback.id for row in rows]
    cases = {row.Case.id for row in rows}
    people = {row.Party.id for row in rows}
    numbers: dict[int, list[str]] = {}
    query = select(PartyNumber).where(PartyNumber.party_id.in_(people))
    for number in await session.scalars(query.order_by(PartyNumber.position)):
        written = number.e164 + (f"转{number.extension}" if number.extension else "")
        numbers.setdefault(number.party_id, []).append(written)
    tags: dict[int, list[str]] = {}
    for tag in await session.scalars(
        select(CaseTag).where(CaseTag.case_id.in_(cases)).order_by(CaseTag.tag)
    ):
        tags.setdefault(tag.case_id, []).append(tag.tag)
    attempts: dict[int, list[Attempt]] = {}
    made = select(Attempt).where(Attempt.callback_id.in_(callbacks))
    for attempt in await session.scalars(made.order_by(Attempt.callback_id, Attempt.sequence)):
        attempts.setdefault(attempt.callback_id, []).append(attempt)
    answers = await answers_of(session, [a.id for some in attempts.values() for a in some])
    outcomes: dict[int, str] = {}
    closed = select(FollowUpItem.case_id, FollowUpItem.outcome).where(
        FollowUpItem.case_id.in_(cases), FollowUpItem.state == "closed"
    )
    for case_id, outcome in await session.execute(closed.order_by(FollowUpItem.closed_at)):
        outcomes[case_id] = outcome
    return {
        row.Callback.id: _Gathered(
            tuple(numbers.get(row.Party.id, ())),
            tuple(tags.get(row.Case.id, ())),
            attempts.get(row.Callback.id, []),
            {
                answer.aspect: answer.verdict or ""
                for attempt in attempts.get(row.Callback.id, ())
                for answer in answers.get(attempt.id, ())
                if answer.aspect
            },
            outcomes.get(row.Case.id, ""),
        )
        for row in rows
    }


def _final(row: Any, more: _Gathered) -> FinalResult:
    callback: Callback = row.Callback
    case: Case = row.Case
    verdict, settled_by = callback.verdict or "", "machine"
    if callback.state == "follow_up" and callback.verdict not in _RATED:
        settled_by = "person"
        verdict = more.outcome if more.outcome in _RATED else ""
    last = more.attempts[-1] if more.attempts else None
    return FinalResult(
        callback_id=callback.id,
        result=callback.result,
        batch=row.batch,
        source=case.source,
        case_number=case.case_number,
        respondent_class=case.respondent_class,
        party_name=row.Party.name,
        numbers=more.numbers,
        role=row.role or "",
        unit=row.unit or "",
        officer=row.officer or "",
        badge_number=row.badge_number or "",
        branch=row.branch or "",
        tags=more.tags,
        accepted_at=case.accepted_at,
        closed_at=case.closed_at,
        fields=dict(case.fields),
        language=row.Party.language,
        face_to_face=row.Party.face_to_face,
        verdict=verdict,
        disposition=callback.disposition or "",
        called_at=last.claimed_at if last else None,
        tries=len(more.attempts),
        aspects=more.aspects,
        reason=(last.reason if last else "") or callback.state_reason,
        settled_by=settled_by,
    )
