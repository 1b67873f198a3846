"""What becomes of an attempt: its facts while it goes on, and its end with all that follows.

Functions take the caller's session: the dialer's writer gathers the writes of many calls into
one transaction (`dialer/journal.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol, cast

from sqlalchemy import Table, Update, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from storage.attempt_rows import INCOMING, OUTGOING
from storage.facts import KnownAttempt, KnownCallback, known_attempts, known_callbacks
from storage.followups import open_item
from storage.incoming.settling import settle
from storage.schema import Answer, Attempt, Callback, PartyNumber
from storage.transcripts import RECORDED, await_words

_ATTEMPTS = cast(Table, Attempt.__table__)
_CALLBACKS = cast(Table, Callback.__table__)
_ANSWER = insert(cast(Table, Answer.__table__))
TRIED = (
    update(_CALLBACKS)
    .where(_CALLBACKS.c.id == bindparam("which"))
    .values(
        disposition=bindparam("disposition"),
        verdict=func.coalesce(
            bindparam("new_verdict", type_=_CALLBACKS.c.verdict.type), _CALLBACKS.c.verdict
        ),
        tries=_CALLBACKS.c.tries + bindparam("more", type_=_CALLBACKS.c.tries.type),
    )
)
"""Notes a try on its callback; its values: `tried`."""
KEPT = ("dialed_at", "ringing_at", "answered_at", "session")
"""What the conversation does not know must not wipe out what was noted meanwhile."""


class NextStep(Protocol):
    """What follows an attempt (`dialer.decision.NextStep`)."""

    @property
    def action(self) -> str: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def counts(self) -> bool: ...
    @property
    def follow_up(self) -> str: ...
    @property
    def onward(self) -> int | None: ...
    @property
    def channel(self) -> str: ...


Following = Callable[[KnownCallback, list[KnownAttempt]], tuple[NextStep, str]]
"""(callback, attempts: both as they are after the attempt) -> what follows, and why in words."""


@dataclass(frozen=True)
class AttemptEnd:
    """How an attempt ended."""

    attempt_id: int
    disposition: str
    aapor: str | None
    counts: bool
    """Whether the try is held against the party."""
    ended_at: datetime
    verdict: str | None = None
    reason: str = ""
    dialed_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    sip_status: int = 0
    q850_cause: int = 0
    packets_lost: int = 0
    recording: str = ""
    session: dict[str, Any] | None = None
    booked_at: datetime | None = None
    """The person picked this time: it replaces whatever the retry rule says."""
    person_wanted: str = ""
    """Reason of a follow-up item that is due whatever the disposition: dissatisfied, unsure,
    asked_for_person; empty: none."""


async def note(session: AsyncSession, attempt_id: int, **moments: datetime) -> None:
    """Keep `dialed_at`, `ringing_at` or `answered_at` of an attempt."""
    await _set_attempt(session, attempt_id, **moments)


async def add_answer(
    session: AsyncSession,
    attempt_id: int,
    values: dict[str, Any],
    flow_session: dict[str, Any] | None,
) -> None:
    """Keep one answer and the flow session after it; a recorded one waits to be written down.

    An answer that was given is kept even where the attempt was closed meanwhile.
    """
    connection = await session.connection()
    await connection.execute(_ANSWER, {"attempt_id": attempt_id, **values})
    if values["kind"] == RECORDED:
        spoken = (flow_session or {}).get("language") or ""
        await await_words(connection, attempt_id, values, language=spoken)
    if flow_session is not None:
        await _set_attempt(session, attempt_id, session=flow_session)


async def _set_attempt(writing: AsyncSession, attempt_id: int, **values: Any) -> None:
    statement = _setting(_ATTEMPTS, tuple(sorted(values)))
    await (await writing.connection()).execute(statement, {"which": attempt_id, **values})


# Statements are built once: building one costs SQLAlchemy more than running it costs the database.


@cache
def _setting(table: Table, names: tuple[str, ...]) -> Update:
    """Return the statement that sets columns `names` of the row `which`."""
    values = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return update(table).where(table.c.id == bindparam("which")).values(values)


@cache
def _closing(names: tuple[str, ...]) -> ReturningUpdate[Any]:
    table = _ATTEMPTS
    return (
        _setting(table, names)
        .where(table.c.state == "open")
        .returning(table.c.callback_id, table.c.party_id, table.c.e164, table.c.direction)
    )


async def finish(session: AsyncSession, end: AttemptEnd, following: Following) -> bool:
    """Close an attempt with its retry or follow-up item and its callback, all or nothing.

    Returns False where it was closed already (another dialer took this one for dead): then
    nothing changes, a person has it.
    """
    values = closing(end)
    connection = await session.connection()
    closed = await connection.execute(
        _closing(tuple(sorted(values))), {"which": end.attempt_id, **values}
    )
    attempt = closed.one_or_none()
    if attempt is None:
        return False
    callback_id, party_id, e164, direction = attempt
    await connection.execute(TRIED, tried(end, callback_id, direction))
    known = (await known_callbacks(session, [callback_id]))[callback_id]
    attempts = await known_attempts(session, party_ids=[party_id], numbers=[e164])
    step, why = following(known, attempts)
    if end.disposition == "invalid_number" and step.onward is None:
        await number_is_invalid(session, known, e164, end, why)
        return True
    state, reason = what_becomes(end, step)
    if direction == INCOMING:
        state, reason = await settle(session, known, state, reason, end)
    if state == "follow_up" and not reason:
        await _set(session, callback_id, state, why, closed_at=end.ended_at)
    elif state == "follow_up":
        await _give_to_person(session, known, reason, why, end.ended_at)
    elif state == "waiting":
        more: dict[str, Any] = {"next_at": end.booked_at or step.at, "due": False}
        if (onward := goes_on(end, step)) is not None:
            more |= {"channel": step.channel, "plan_step": onward}
        await _set(session, callback_id, state, why, **more)
    else:
        await _set(session, callback_id, state, why, closed_at=end.ended_at)
    return True


def what_becomes(end: AttemptEnd, step: NextStep) -> tuple[str, str]:
    """Return the callback's next state, and for ``follow_up`` why a person is due."""
    if end.person_wanted:
        return "follow_up", end.person_wanted
    if step.action == "retry" or (end.booked_at is not None and step.action == "done"):
        return "waiting", ""
    if step.action == "done":
        return "done", ""
    return "follow_up", step.follow_up or "not_reached"


def goes_on(end: AttemptEnd, step: NextStep) -> int | None:
    """Return the plan's step that begins now; None: the same goes on, also where the person
    picked a time by this channel."""
    return None if end.booked_at is not None else step.onward


def tried(end: AttemptEnd, callback_id: int, direction: str) -> dict[str, Any]:
    """Return the values of `TRIED`: who rings by himself uses up none of our tries."""
    return {
        "which": callback_id,
        "disposition": end.disposition,
        "new_verdict": end.verdict,
        "more": int(end.counts and direction == OUTGOING),
    }


def closing(end: AttemptEnd) -> dict[str, Any]:
    """Return the columns of an attempt that its end sets."""
    values: dict[str, Any] = {
        "state": "closed",
        "disposition": end.disposition,
        "aapor": end.aapor,
        "verdict": end.verdict,
        "reason": end.reason[:500],
        "ended_at": end.ended_at,
        "sip_status": end.sip_status,
        "q850_cause": end.q850_cause,
        "packets_lost": end.packets_lost,
        "recording": end.recording,
    }
    for name in KEPT:
        value = getattr(end, name)
        if value is not None:
            values[name] = value
    return values


async def _set(session: AsyncSession, callback_id: int, state: str, why: str, **more: Any) -> None:
    values = {"state": state, "state_reason": why[:500], **more}
    statement = _setting(_CALLBACKS, tuple(sorted(values)))
    await (await session.connection()).execute(statement, {"which": callback_id, **values})


async def _give_to_person(
    session: AsyncSession, known: KnownCallback, reason: str, why: str, now: datetime
) -> None:
    await _set(session, known.id, "follow_up", why, closed_at=now)
    await open_item_about(session, known, reason, now)


async def open_item_about(
    session: AsyncSession, known: KnownCallback, reason: str, now: datetime
) -> None:
    """Open the follow-up item of a callback, or add the reason to the one that its case has."""
    await open_item(
        session,
        case_id=known.case_id,
        callback_id=known.id,
        party_id=known.party_id,
        reason=reason,
        deadline=known.deadline,
        key_incident=known.key_incident,
        now=now,
    )


async def number_is_invalid(
    session: AsyncSession, known: KnownCallback, e164: str, end: AttemptEnd, why: str
) -> None:
    """Remember it, and go on with the party's next number; without one a person corrects it."""
    await session.execute(
        update(PartyNumber)
        .where(PartyNumber.party_id == known.party_id, PartyNumber.e164 == e164)
        .values(invalid_since=end.ended_at)
    )
    following = (
        await session.execute(
            select(PartyNumber.e164, PartyNumber.extension)
            .where(PartyNumber.party_id == known.party_id, PartyNumber.invalid_since.is_(None))
            .where(PartyNumber.e164 != e164)
            .order_by(PartyNumber.position, PartyNumber.e164)
            .limit(1)
        )
    ).one_or_none()
    if following is None:
        await _give_to_person(session, known, "invalid_number", why, end.ended_at)
        return
    await _set(
        session,
        known.id,
        "waiting",
        why,
        e164=following[0],
        extension=following[1],
        next_at=end.ended_at,
        due=False,
    )
