"""The demonstration's make-up: every behaviour is there, and it is daytime whenever it is run."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.demo.cases import CALLED, parties, rows
from app.demo.daytime import daytime_zone
from core.phone import parse_numbers
from core.plan import SMS, VOICE
from ivr.people.directory import BY_ENDING, behaviour_of
from ivr.people.writing import EXPECTED, texter_of
from ivr.texting.people import Texter


def test_sixty_are_called_and_every_kind_of_person_is_there_at_least_twice() -> None:
    called = [party.number for party in parties() if party.way.plan == VOICE]
    behaviours = [behaviour_of(number) for number in called]
    assert len(called) == CALLED == 60
    assert all(behaviours.count(behaviour) >= 2 for behaviour in BY_ENDING.values())


def test_nobody_is_there_twice_and_who_writes_has_an_expectation() -> None:
    numbers = [party.number for party in parties()]
    assert len(set(numbers)) == len(numbers)
    written = {texter_of(p.number) for p in parties() if p.way.plan == SMS}
    assert written <= set(EXPECTED)
    assert {Texter.BY_NUMBER, Texter.BY_WORD, Texter.DISSATISFIED, Texter.WRONG_FIRST} <= written
    assert {Texter.STOPS, Texter.NEVER, Texter.AFTER_REMINDER, Texter.UNREACHABLE} <= written


def test_all_numbers_are_valid_as_they_are_written() -> None:
    table = rows(datetime(2026, 3, 2, 5, tzinfo=UTC), "Asia/Shanghai")
    for row, party in zip(table[1:], parties(), strict=True):
        assert [found.e164 for found in parse_numbers(row[2]).numbers] == [f"+86{party.number}"]


@pytest.mark.parametrize("hour", range(24))
def test_it_is_daytime_whenever_it_is_run(hour: int) -> None:
    now = datetime(2026, 3, 2, hour, 30, tzinfo=UTC)
    assert 10 <= now.astimezone(ZoneInfo(daytime_zone(now))).hour <= 17
