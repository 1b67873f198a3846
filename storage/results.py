"""What every attempt came to, read in pages so that a year of results needs no memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.case_names import NAMES, with_names
from storage.database import Database
from storage.schema import (
    Answer,
    Attempt,
    Batch,
    Callback,
    Case,
    Officer,
    Party,
    Unit,
)
from storage.transcripts import Transcribed, transcripts_of

PAGE = 1000
"""Attempts read at once."""


@dataclass(frozen=True)
class ResultFilter:
    """Which attempts; empty: all. Dates are those of the attempt, `until` is excluded."""

    batch: str = ""
    since: datetime | None = None
    until: datetime | None = None
    respondent_class: str = ""
    unit: str = ""
    """A unit with all units below it."""


@dataclass(frozen=True)
class GivenAnswer:
    """One answer of an attempt."""

    step: str
    kind: str
    value: str
    label: str
    aspect: str | None
    verdict: str | None
    score: float | None
    raw: str
    confidence: float
    tries: int
    answered_at: datetime
    transcript: Transcribed | None = None
    """Of a recorded answer: its words, or what became of them."""


@dataclass(frozen=True)
class Result:
    """One attempt with its case, party, answers and SIP facts. Durations in seconds."""

    attempt_id: int
    callback_id: int
    batch: str
    source: str
    case_number: str
    respondent_class: str
    key_incident: bool
    unit: str
    officer: str
    badge_number: str
    branch: str
    party: str
    number: str
    """E.164; mask it where it is shown."""
    callback_state: str
    callback_verdict: str | None
    sequence: int
    channel: str
    trunk: str
    state: str
    claimed_at: datetime
    dialed_at: datetime | None
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    disposition: str | None
    aapor: str | None
    verdict: str | None
    reason: str
    sip_status: int
    q850_cause: int
    packets_lost: int
    language: str
    recording: str
    """Path below the recordings folder; empty: none."""
    answers: tuple[GivenAnswer, ...] = field(default=())

    @property
    def ring_seconds(self) -> float | None:
        """From the INVITE to the answer, or to the end where nobody answered."""
        return _between(self.dialed_at, self.answered_at or self.ended_at)

    @property
    def talk_seconds(self) -> float | None:
        """From the answer to the end."""
        return _between(self.answered_at, self.ended_at)

    @property
    def aspects(self) -> dict[str, str]:
        """Aspect -> verdict (or score in words), the last answer counting."""
        return {
            answer.aspect: answer.verdict or ("" if answer.score is None else f"{answer.score:g}")
            for answer in self.answers
            if answer.aspect
        }


def _between(first: datetime | None, last: datetime | None) -> float | None:
    return None if first is None or last is None else round((last - first).total_seconds(), 3)


def _query(wanted: ResultFilter) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            Attempt,
            Callback.state.label("callback_state"),
            Callback.verdict.label("callback_verdict"),
            Batch.name.label("batch"),
            Case.source,
            Case.case_number,
            Case.respondent_class,
            Case.key_incident,
            *NAMES,
            Officer.badge_number,
            Party.name.label("party"),
        )
        .join(Callback, Callback.id == Attempt.callback_id)
        .join(Batch, Batch.id == Callback.batch_id)
        .join(Case, Case.id == Callback.case_id)
        .join(Party, Party.id == Attempt.party_id)
        .order_by(Attempt.id)
        .limit(PAGE)
    )
    query = with_names(query)
    if wanted.batch:
        query = query.where(Batch.name == wanted.batch)
    if wanted.since is not None:
        query = query.where(Attempt.claimed_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Attempt.claimed_at < wanted.until)
    if wanted.respondent_class:
        query = query.where(Case.respondent_class == wanted.respondent_class)
    if wanted.unit:
        below = Unit.name.startswith(f"{wanted.unit}/", autoescape=True)
        query = query.where(or_(Unit.name == wanted.unit, below))
    return query


async def results(database: Database, wanted: ResultFilter | None = None) -> AsyncIterator[Result]:
    """Yield every wanted attempt in the order of its claim."""
    query = _query(wanted or ResultFilter())
    last = 0
    while True:
        async with database.read() as session:
            rows = (await session.execute(query.where(Attempt.id > last))).all()
            if not rows:
                return
            answers = await answers_of(session, [row.Attempt.id for row in rows])
        for row in rows:
            yield _result(row, answers.get(row.Attempt.id, ()))
        last = rows[-1].Attempt.id


async def answers_of(
    session: AsyncSession, attempt_ids: list[int]
) -> dict[int, tuple[GivenAnswer, ...]]:
    """Return the answers of attempts, in the order they were given."""
    found: dict[int, list[GivenAnswer]] = {}
    transcripts = await transcripts_of(session, attempt_ids)
    query = select(Answer).where(Answer.attempt_id.in_(attempt_ids))
    for answer in await session.scalars(query.order_by(Answer.attempt_id, Answer.position)):
        given = GivenAnswer(
            answer.step,
            answer.kind,
            answer.value,
            answer.label,
            answer.aspect,
            answer.verdict,
            answer.score,
            answer.raw,
            answer.confidence,
            answer.tries,
            answer.answered_at,
            transcripts.get((answer.attempt_id, answer.position)),
        )
        found.setdefault(answer.attempt_id, []).append(given)
    return {attempt: tuple(answers) for attempt, answers in found.items()}


async def aspects_in_use(database: Database) -> list[str]:
    """Return the names of all aspects that were ever rated, sorted."""
    async with database.read() as session:
        query = select(Answer.aspect).where(Answer.aspect.is_not(None)).distinct()
        return sorted(name for name in await session.scalars(query) if name)


def _result(row: Any, answers: tuple[GivenAnswer, ...]) -> Result:
    attempt: Attempt = row.Attempt
    return Result(
        attempt_id=attempt.id,
        callback_id=attempt.callback_id,
        batch=row.batch,
        source=row.source,
        case_number=row.case_number,
        respondent_class=row.respondent_class,
        key_incident=row.key_incident,
        unit=row.unit or "",
        officer=row.officer or "",
        badge_number=row.badge_number or "",
        branch=row.branch or "",
        party=row.party,
        number=attempt.e164,
        callback_state=row.callback_state,
        callback_verdict=row.callback_verdict,
        sequence=attempt.sequence,
        channel=attempt.channel,
        trunk=attempt.trunk,
        state=attempt.state,
        claimed_at=attempt.claimed_at,
        dialed_at=attempt.dialed_at,
        ringing_at=attempt.ringing_at,
        answered_at=attempt.answered_at,
        ended_at=attempt.ended_at,
        disposition=attempt.disposition,
        aapor=attempt.aapor,
        verdict=attempt.verdict,
        reason=attempt.reason,
        sip_status=attempt.sip_status,
        q850_cause=attempt.q850_cause,
        packets_lost=attempt.packets_lost,
        language=attempt.language,
        recording=attempt.recording,
        answers=answers,
    )
