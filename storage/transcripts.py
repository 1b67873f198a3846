"""Recorded answers and their words: which wait to be written down, and what was heard.

A row is made in the transaction of its answer, so no recording is forgotten; it is taken up only
after its call has ended. Several machines may work at once: each takes rows that nobody else has.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Insert, Table, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from storage.schema import Attempt, CloudRecording, Transcript

RECORDED = "recording"
"""The kind of an answer that is a recording."""
ABANDONED = timedelta(minutes=30)
"""Who began longer ago than this and has not finished is taken for dead."""
MOST_TRIES = 3


@dataclass(frozen=True)
class Waiting:
    """A recording whose words are wanted."""

    id: int
    recording: str
    """Path below the recordings folder."""
    language: str
    tries: int
    """This one included."""
    dialer: str
    """The process that made the call: the recording lies on its machine."""


@dataclass(frozen=True)
class Transcribed:
    """What became of a recorded answer's words."""

    state: str
    language: str
    text: str
    words: Sequence[dict[str, Any]]
    model: str
    reason: str


async def await_words(
    connection: AsyncConnection, attempt_id: int, answer: dict[str, Any], *, language: str
) -> None:
    """Note that the words of a recorded answer are wanted."""
    await connection.execute(
        _adding(),
        {
            "attempt_id": attempt_id,
            "position": answer["position"],
            "step": answer["step"],
            "language": language,
            "recording": answer["value"],
            "state": "waiting",
            "text": "",
            "words": [],
            "model": "",
            "reason": "",
            "tries": 0,
            "created_at": answer["answered_at"],
        },
    )


@cache
def _adding() -> Insert:
    return insert(cast(Table, Transcript.__table__))


def _at_a_provider() -> ColumnElement[bool]:
    """Return which recordings still lie at a cloud provider."""
    waits = select(CloudRecording.sid).where(
        CloudRecording.recording == Transcript.recording, CloudRecording.state == "waiting"
    )
    return waits.exists()


async def take_next(
    session: AsyncSession,
    *,
    languages: Collection[str],
    now: datetime,
    elsewhere: Collection[int] = (),
) -> Waiting | None:
    """Take up the oldest recording of an ended call in one of `languages`; None: none waits.

    `elsewhere`: rows left out, because their recordings lie on other machines.
    """
    open_states = or_(
        Transcript.state.in_(("waiting", "no_model")),
        and_(Transcript.state == "working", Transcript.claimed_at < now - ABANDONED),
    )
    first = (
        select(Transcript.id)
        .join(Attempt, Attempt.id == Transcript.attempt_id)
        .where(
            open_states,
            Transcript.language.in_(tuple(languages)),
            Attempt.state == "closed",
            Transcript.id.not_in(tuple(elsewhere)),
            ~_at_a_provider(),
        )
        .order_by(Transcript.id)
        .limit(1)
        .with_for_update(of=Transcript, skip_locked=True)
        .scalar_subquery()
    )
    taken = await session.scalar(
        update(Transcript)
        .where(Transcript.id == first)
        .values(state="working", claimed_at=now, tries=Transcript.tries + 1)
        .returning(Transcript.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        return None
    row = (
        await session.execute(
            select(
                Transcript.id,
                Transcript.recording,
                Transcript.language,
                Transcript.tries,
                Attempt.dialer,
            )
            .join(Attempt, Attempt.id == Transcript.attempt_id)
            .where(Transcript.id == taken)
        )
    ).one()
    return Waiting(*row)


async def settle(session: AsyncSession, transcript_id: int, state: str, **values: Any) -> None:
    """Write down what became of a recording that was taken up."""
    await session.execute(
        update(Transcript)
        .where(Transcript.id == transcript_id, Transcript.state == "working")
        .values(state=state, **values)
        .execution_options(synchronize_session=False)
    )


async def give_back(session: AsyncSession, transcript_id: int) -> None:
    """Let a recording wait again that was taken up for nothing."""
    await settle(session, transcript_id, "waiting", claimed_at=None, tries=Transcript.tries - 1)


async def without_model(session: AsyncSession, languages: Collection[str]) -> int:
    """Say of waiting recordings in other than `languages` that no model can hear them."""
    result = await session.execute(
        update(Transcript)
        .where(Transcript.state == "waiting", Transcript.language.not_in(tuple(languages)))
        .values(state="no_model")
        .returning(Transcript.id)
        .execution_options(synchronize_session=False)
    )
    return len(result.all())


async def try_again(session: AsyncSession) -> int:
    """Let what failed, or was missing, wait once more; returns how many."""
    result = await session.execute(
        update(Transcript)
        .where(Transcript.state.in_(("failed", "missing")))
        .values(state="waiting", tries=0, reason="", claimed_at=None)
        .returning(Transcript.id)
        .execution_options(synchronize_session=False)
    )
    return len(result.all())


async def counts(session: AsyncSession) -> dict[str, int]:
    """Return how many transcripts there are in each state."""
    rows = await session.execute(
        select(Transcript.state, func.count().label("number")).group_by(Transcript.state)
    )
    return {row.state: row.number for row in rows}


async def transcripts_of(
    session: AsyncSession, attempt_ids: Collection[int]
) -> dict[tuple[int, int], Transcribed]:
    """Return transcripts by attempt and position of the answer."""
    which: ColumnElement[bool] = Transcript.attempt_id.in_(tuple(attempt_ids))
    return {
        (row.attempt_id, row.position): Transcribed(
            row.state, row.language, row.text, row.words, row.model, row.reason
        )
        for row in await session.scalars(select(Transcript).where(which))
    }
