"""What was said in the calls of one callback: for the person who follows up."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.results import GivenAnswer, answers_of
from storage.schema import Attempt
from storage.transcripts import RECORDED


@dataclass(frozen=True)
class HeardAttempt:
    """One call with its answers."""

    attempt_id: int
    sequence: int
    at: datetime
    """When it was answered, else when it was made."""
    disposition: str | None
    recording: str
    """Of the whole call: a path below the recordings folder; empty: none."""
    answers: tuple[GivenAnswer, ...]

    @property
    def recordings(self) -> dict[str, str]:
        """Recorded answers: step -> path below the recordings folder, the last one counting."""
        return {answer.step: answer.value for answer in self.answers if answer.kind == RECORDED}


async def heard_in(session: AsyncSession, callback_id: int) -> list[HeardAttempt]:
    """Return the attempts of a callback in which something was said, the latest first."""
    attempts = list(
        await session.scalars(
            select(Attempt)
            .where(Attempt.callback_id == callback_id)
            .order_by(Attempt.sequence.desc())
        )
    )
    answers = await answers_of(session, [attempt.id for attempt in attempts])
    return [
        HeardAttempt(
            attempt.id,
            attempt.sequence,
            attempt.answered_at or attempt.claimed_at,
            attempt.disposition,
            attempt.recording,
            answers.get(attempt.id, ()),
        )
        for attempt in attempts
        if attempt.id in answers or attempt.recording
    ]
