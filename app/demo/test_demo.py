"""The demonstration's make-up: every behaviour is there, and it is daytime whenever it is run."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.demo.cases import NUMBER, numbers, rows
from app.demo.daytime import daytime_zone
from core.phone import parse_numbers
from ivr.people.directory import BY_ENDING, behaviour_of


def test_sixty_numbers_reach_every_kind_of_person_at_least_twice() -> None:
    behaviours = [behaviour_of(number) for number in numbers()]
    assert len(set(numbers())) == NUMBER == 60
    assert all(behaviours.count(behaviour) >= 2 for behaviour in BY_ENDING.values())


def test_all_numbers_are_valid_as_they_are_written() -> None:
    table = rows(datetime(2026, 3, 2, 5, tzinfo=UTC), "Asia/Shanghai")
    for row, number in zip(table[1:], numbers(), strict=True):
        assert [found.e164 for found in parse_numbers(row[2]).numbers] == [f"+86{number}"]


@pytest.mark.parametrize("hour", range(24))
def test_it_is_daytime_whenever_it_is_run(hour: int) -> None:
    now = datetime(2026, 3, 2, hour, 30, tzinfo=UTC)
    assert 10 <= now.astimezone(ZoneInfo(daytime_zone(now))).hour <= 17
