"""What is known about callbacks when it is decided whether they may be called.

Few queries for many callbacks at once: the claim asks for a handful of candidates inside its
own transaction, `huifang why` for one.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from core.disposition import Disposition
from storage.schema import Attempt, Batch, Callback, Case, DoNotCall, Party, PartyNumber


class KnownCallback(NamedTuple):
    """One callback with what its case, party and number say."""

    id: int
    case_id: int
    party_id: int
    e164: str
    state: str
    respondent_class: str
    tries: int
    failed_tries: int
    next_at: datetime
    deadline: datetime | None
    time_zone: str
    do_not_call: str | None
    """Why the number is on the list; None: it is not."""
    key_incident: bool
    face_to_face: bool
    number_invalid: bool
    channel: str
    """How the next attempt is made: voice, sms."""
    plan_step: int
    plan: dict[str, Any]
    """Of the batch (`core.plan.stored_plan`)."""


class KnownAttempt(NamedTuple):
    """One attempt, over all batches."""

    id: int
    callback_id: int
    party_id: int
    e164: str
    claimed_at: datetime
    ended_at: datetime | None
    disposition: str | None
    channel: str
    """The driver: sip, sms ..."""
    direction: str
    """outgoing, incoming."""


async def known_callbacks(
    session: AsyncSession, callback_ids: Collection[int]
) -> dict[int, KnownCallback]:
    """Return what is known about these callbacks, by id."""
    rows = await (await session.connection()).execute(_CALLBACKS, {"ids": tuple(callback_ids)})
    return {row[0]: KnownCallback._make(row) for row in rows}


def _failed_tries() -> Any:
    """Counted, not derived from `sequence`: a corrected number starts its tries anew."""
    return (
        select(func.count())
        .select_from(Attempt)
        .where(Attempt.callback_id == Callback.id, Attempt.disposition == Disposition.FAILED)
        .scalar_subquery()
    )


def _plan() -> Any:
    found = select(Batch.plan).where(Batch.id == Callback.batch_id)
    return found.correlate(Callback).scalar_subquery()


def callback_facts(*more: Any) -> Any:
    """Return the query for the fields of `KnownCallback`, and for `more` columns beside them."""
    return (
        select(
            Callback.id,
            Callback.case_id,
            Callback.party_id,
            Callback.e164,
            Callback.state,
            Case.respondent_class,
            Callback.tries,
            _failed_tries().label("failed_tries"),
            Callback.next_at,
            Callback.deadline,
            Party.time_zone,
            DoNotCall.reason.label("do_not_call"),
            Case.key_incident,
            Party.face_to_face,
            PartyNumber.invalid_since.is_not(None).label("number_invalid"),
            Callback.channel,
            Callback.plan_step,
            _plan(),
            *more,
        )
        .join(Case, Case.id == Callback.case_id)
        .join(Party, Party.id == Callback.party_id)
        .outerjoin(DoNotCall, DoNotCall.e164 == Callback.e164)
        .outerjoin(
            PartyNumber,
            and_(PartyNumber.party_id == Callback.party_id, PartyNumber.e164 == Callback.e164),
        )
    )


_CALLBACKS = callback_facts().where(Callback.id.in_(bindparam("ids", expanding=True)))


async def known_attempts(
    session: AsyncSession,
    *,
    party_ids: Collection[int],
    numbers: Collection[str],
    since: datetime | None = None,
) -> list[KnownAttempt]:
    """Return attempts to these parties or numbers, latest first; `since`: claimed later only."""
    connection = await session.connection()
    asked = {"people": tuple(party_ids), "numbers": tuple(numbers), "since": since or _EVER}
    rows = await connection.execute(_ATTEMPTS, asked)
    found = [KnownAttempt._make(row) for row in rows]
    return sorted(found, key=lambda known: (known.claimed_at, known.id), reverse=True)


_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def _attempts() -> Any:
    columns = select(
        Attempt.id,
        Attempt.callback_id,
        Attempt.party_id,
        Attempt.e164,
        Attempt.claimed_at,
        Attempt.ended_at,
        Attempt.disposition,
        Attempt.channel,
        Attempt.direction,
    ).where(Attempt.claimed_at > bindparam("since"))
    people: Any = bindparam("people", expanding=True)
    # Each half on an index of its own: an OR over both would read the whole table. The second
    # half leaves out what the first one has: most attempts would come twice.
    return union_all(
        columns.where(Attempt.party_id.in_(people)),
        columns.where(
            Attempt.e164.in_(bindparam("numbers", expanding=True)), Attempt.party_id.not_in(people)
        ),
    )


_ATTEMPTS = _attempts()
"""Built once: building it costs more than asking."""
