"""Whole calls held by the simulated provider over real HTTP: everybody comes to what he should."""

from pathlib import Path

import pytest
from sqlalchemy import update

from core.disposition import Disposition
from ivr.people.directory import behaviour_of
from ivr.people.person import BY_LAST_DIGIT, EXPECTED, Behaviour
from storage.database import Database
from storage.schema import Attempt, Batch, Callback
from tests.cloud.house import house, people
from tests.dialing.town import MORNING
from tests.peers.twilio_voice import TwilioVoice

pytestmark = pytest.mark.live
NUMBERS = {behaviour_of(ending): f"+8613800000{ending.zfill(3)}" for ending in BY_LAST_DIGIT}
TOLD_LESS = {Behaviour.SWITCHED_OFF: Disposition.NO_ANSWER}
"""The provider passes on no Q.850 cause: 480 is nobody who answers."""


async def test_everybody_comes_to_what_is_expected_of_him(
    database: Database, tmp_path: Path
) -> None:
    await people(database, list(NUMBERS.values()))
    async with house(database, tmp_path, TwilioVoice()) as cloud:
        kept = await cloud.call_all()
    assert cloud.api.faults == []
    assert cloud.server.tally.refused == {}
    came_to = {
        who: (kept.of(number).disposition, kept.of(number).verdict)
        for who, number in NUMBERS.items()
    }
    should = {
        who: (
            TOLD_LESS.get(Behaviour(who), EXPECTED[who].disposition).value,
            EXPECTED[who].verdict and EXPECTED[who].verdict.value,
        )
        for who in NUMBERS
    }
    assert came_to == should


async def test_a_call_goes_on_where_he_left(database: Database, tmp_path: Path) -> None:
    """He rang us and hung up at the second question; now he is called, and picks up again."""
    number = NUMBERS[Behaviour.HANGS_UP_MIDWAY]
    await people(database, [number])
    async with house(database, tmp_path, TwilioVoice()) as cloud:
        await cloud.call_all()
        async with database.write() as session:
            await session.execute(update(Attempt).values(direction="incoming"))
            again = {"state": "waiting", "due": True, "next_at": MORNING, "tries": 0}
            await session.execute(update(Callback).values(again))
            await session.execute(update(Batch).values(state="running"))
    async with house(database, tmp_path, TwilioVoice(), name="next") as cloud:
        kept = await cloud.call_all()
    assert cloud.api.faults == []
    first, second = kept.attempts
    given = {one.attempt_id: one.step for one in kept.answers}
    assert given == {first.id: "overall", second.id: "reason"}
