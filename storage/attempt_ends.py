"""The ends of many attempts in a few statements, for rehearsals: the same as `finish` each.

What follows an attempt is decided by the same function; the rows are read and written together.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.follow_up import rank
from storage.attempt_rows import INCOMING
from storage.attempts import (
    KEPT,
    TRIED,
    AttemptEnd,
    Following,
    closing,
    goes_on,
    number_is_invalid,
    open_item_about,
    tried,
    what_becomes,
)
from storage.facts import KnownAttempt, KnownCallback, known_attempts, known_callbacks
from storage.incoming.settling import settle
from storage.schema import Answer, Attempt, Callback, FollowUpEvent, FollowUpItem

ATTEMPTS = cast(Table, Attempt.__table__)
CALLBACKS = cast(Table, Callback.__table__)
ITEMS = cast(Table, FollowUpItem.__table__)

End = tuple[AttemptEnd, Following]


async def add_answers(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Keep the answers of many attempts; each row names its `attempt_id`."""
    if rows:
        names = {name for row in rows for name in row}
        blank = {name: "" if name in ("aspect", "raw", "label") else None for name in names} | {
            "confidence": 1.0,
            "tries": 1,
            "aspect": None,
        }
        full = [{name: row.get(name, blank.get(name)) for name in names} for row in rows]
        await (await session.connection()).execute(_ANSWERS, full)


async def finish_all(session: AsyncSession, ends: Sequence[End]) -> None:
    """Close attempts, no two of one callback, with the retry or follow-up item of each."""
    connection = await session.connection()
    rows = await connection.execute(_OPEN, {"ids": [end.attempt_id for end, _ in ends]})
    found = {row[0]: row for row in rows}
    still = [(end, following) for end, following in ends if end.attempt_id in found]
    if not still:
        return
    await connection.execute(_CLOSE, [_closed(end) for end, _ in still])
    await connection.execute(
        TRIED,
        [
            tried(end, found[end.attempt_id].callback_id, found[end.attempt_id].direction)
            for end, _ in still
        ],
    )
    known = await known_callbacks(session, [row.callback_id for row in found.values()])
    attempts = await known_attempts(
        session,
        party_ids={row.party_id for row in found.values()},
        numbers={row.e164 for row in found.values()},
    )
    history = _History(attempts)
    states: list[dict[str, Any]] = []
    persons: list[tuple[KnownCallback, str, datetime]] = []
    for end, following in still:
        row = found[end.attempt_id]
        callback = known[row.callback_id]
        step, why = following(callback, history.of(row.party_id, row.e164))
        if end.disposition == "invalid_number" and step.onward is None:
            await number_is_invalid(session, callback, row.e164, end, why)
            continue
        state, reason = what_becomes(end, step)
        if row.direction == INCOMING:
            state, reason = await settle(session, callback, state, reason, end)
        if state == "follow_up" and reason:
            persons.append((callback, reason, end.ended_at))
        waits = state == "waiting"
        next_at = end.booked_at or step.at if waits else None
        closed_at = None if waits else end.ended_at
        onward = goes_on(end, step) if waits else None
        states.append(
            {
                "of": callback.id,
                "now": state,
                "why": why[:500],
                "at": next_at,
                "closed": closed_at,
                "by": None if onward is None else step.channel,
                "step": onward,
            }
        )
    if states:
        await connection.execute(_SET, states)
    await _give_to_persons(session, connection, persons)


class _History:
    """Attempts by person and by number, latest first as they came."""

    def __init__(self, attempts: Sequence[KnownAttempt]) -> None:
        self._by: dict[Any, list[KnownAttempt]] = defaultdict(list)
        for attempt in attempts:
            self._by[attempt.party_id].append(attempt)
            self._by[attempt.e164].append(attempt)

    def of(self, party_id: int, e164: str) -> list[KnownAttempt]:
        both = {one.id: one for one in (*self._by[party_id], *self._by[e164])}
        return sorted(both.values(), key=lambda one: (one.claimed_at, one.id), reverse=True)


def _closed(end: AttemptEnd) -> dict[str, Any]:
    values = closing(end)
    return {f"_{name}": values.get(name) for name in (*values, *KEPT)} | {"of": end.attempt_id}


def _close_statement() -> Any:
    columns = ATTEMPTS.c
    names = [
        *("state", "disposition", "aapor", "verdict", "reason", "ended_at", "sip_status"),
        *("q850_cause", "packets_lost", "recording"),
    ]
    plain = {name: bindparam(f"_{name}", type_=columns[name].type) for name in names}
    kept = {
        name: func.coalesce(bindparam(f"_{name}", type_=columns[name].type), columns[name])
        for name in KEPT
    }
    return update(ATTEMPTS).where(columns.id == bindparam("of")).values(**plain, **kept)


_OPEN = select(
    ATTEMPTS.c.id,
    ATTEMPTS.c.callback_id,
    ATTEMPTS.c.party_id,
    ATTEMPTS.c.e164,
    ATTEMPTS.c.direction,
).where(ATTEMPTS.c.id.in_(bindparam("ids", expanding=True)), ATTEMPTS.c.state == "open")
_CLOSE = _close_statement()
_SET = (
    update(CALLBACKS)
    .where(CALLBACKS.c.id == bindparam("of"))
    .values(
        state=bindparam("now"),
        state_reason=bindparam("why"),
        due=False,
        next_at=func.coalesce(bindparam("at", type_=CALLBACKS.c.next_at.type), CALLBACKS.c.next_at),
        closed_at=func.coalesce(
            bindparam("closed", type_=CALLBACKS.c.closed_at.type), CALLBACKS.c.closed_at
        ),
        channel=func.coalesce(bindparam("by", type_=CALLBACKS.c.channel.type), CALLBACKS.c.channel),
        plan_step=func.coalesce(
            bindparam("step", type_=CALLBACKS.c.plan_step.type), CALLBACKS.c.plan_step
        ),
    )
)


async def _give_to_persons(
    session: AsyncSession,
    connection: AsyncConnection,
    persons: Sequence[tuple[KnownCallback, str, datetime]],
) -> None:
    """Open an item each; where the case has one already, the reason is added to it."""
    cases = Counter(callback.case_id for callback, _, _ in persons)
    taken = await _with_open_item(connection, cases)
    fresh = []
    for callback, reason, now in persons:
        if callback.case_id in taken or cases[callback.case_id] > 1:
            await open_item_about(session, callback, reason, now)
        else:
            fresh.append((callback, reason, now))
    if not fresh:
        return
    made = await connection.execute(
        _NEW_ITEMS,
        [
            {
                "case_id": callback.case_id,
                "callback_id": callback.id,
                "party_id": callback.party_id,
                "reason": reason,
                "rank": rank(reason, key_incident=callback.key_incident),
                "deadline": callback.deadline,
                "state": "open",
                "claimed_by": "",
                "outcome": "",
                "created_at": now,
            }
            for callback, reason, now in fresh
        ],
    )
    items = {row.case_id: row.id for row in made}
    await connection.execute(
        _NEW_EVENTS,
        [
            {
                "item_id": items[callback.case_id],
                "at": now,
                "by": "",
                "event": "opened",
                "note": reason,
            }
            for callback, reason, now in fresh
        ],
    )


async def _with_open_item(connection: AsyncConnection, cases: Collection[int]) -> set[int]:
    if not cases:
        return set()
    rows = await connection.execute(_WITH_ITEM, {"cases": tuple(cases)})
    return set(rows.scalars())


_WITH_ITEM = select(ITEMS.c.case_id).where(
    ITEMS.c.case_id.in_(bindparam("cases", expanding=True)), ITEMS.c.state != "closed"
)
_NEW_ITEMS = insert(ITEMS).returning(ITEMS.c.id, ITEMS.c.case_id)
_NEW_EVENTS = insert(cast(Table, FollowUpEvent.__table__))
_ANSWERS = insert(cast(Table, Answer.__table__))
