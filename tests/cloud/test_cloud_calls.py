"""Whole calls held by the simulated provider over real HTTP: everybody comes to what he should."""

from pathlib import Path

import pytest

from core.disposition import Disposition
from ivr.people.directory import behaviour_of
from ivr.people.person import BY_LAST_DIGIT, EXPECTED, Behaviour
from storage.database import Database
from tests.cloud.house import house, people
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
