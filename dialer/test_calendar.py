from datetime import UTC, date, datetime, time, timedelta

import pytest

from dialer.calendar import (
    UnknownCalendarError,
    UnknownTimeZoneError,
    add_working_days,
    is_working_day,
    moment,
    start_of_next_day,
    zone,
)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2025, 10, 1), False),  # 国庆节, a Wednesday
        (date(2025, 9, 28), True),  # 调休: a Sunday worked
        (date(2025, 9, 27), False),  # an ordinary Saturday
        (date(2025, 9, 29), True),
    ],
)
def test_chinese_working_days_follow_the_yearly_notice(day: date, working: bool) -> None:
    assert is_working_day(day, "CN") is working
    assert is_working_day(day, "cn") is working


def test_other_countries_by_their_iso_code() -> None:
    assert not is_working_day(date(2025, 7, 14), "FR")
    assert is_working_day(date(2025, 7, 14), "DE")
    assert not is_working_day(date(2025, 7, 13), "DE")


@pytest.mark.parametrize(("day", "calendar"), [(date(2099, 1, 4), "CN"), (date(2025, 1, 2), "QQ")])
def test_what_nobody_knows_is_an_error(day: date, calendar: str) -> None:
    with pytest.raises(UnknownCalendarError):
        is_working_day(day, calendar)


@pytest.mark.parametrize("name", ["Asia/Atlantis", "", "../etc/passwd", "Asia"])
def test_an_unknown_zone_is_an_error(name: str) -> None:
    with pytest.raises(UnknownTimeZoneError):
        zone(name)


def test_five_working_days_over_the_national_holiday() -> None:
    # 28 September (Sunday) is worked, 1 to 8 October are off, 11 October (Saturday) is worked.
    assert add_working_days(date(2025, 9, 26), 5, "CN") == date(2025, 10, 10)
    assert add_working_days(date(2025, 10, 9), 2, "CN") == date(2025, 10, 11)


def test_unpublished_years_count_monday_to_friday() -> None:
    assert add_working_days(date(2098, 12, 31), 5, "CN") == date(2099, 1, 7)  # a Wednesday
    with pytest.raises(UnknownCalendarError):
        add_working_days(date(2025, 1, 1), 1, "QQ")


def test_a_time_that_the_clock_skips_is_the_moment_after_the_gap() -> None:
    # Havana, 9 March 2025: midnight does not exist, the day begins at 1:00 (5:00 UTC).
    havana = zone("America/Havana")
    assert moment(date(2025, 3, 9), time(0), havana) == datetime(2025, 3, 9, 5, tzinfo=UTC)


def test_a_time_shown_twice_is_the_first_unless_that_has_passed() -> None:
    new_york = zone("America/New_York")
    first = datetime(2025, 11, 2, 5, 30, tzinfo=UTC)
    assert moment(date(2025, 11, 2), time(1, 30), new_york) == first
    again = moment(date(2025, 11, 2), time(1, 30), new_york, first)
    assert again == first + timedelta(hours=1)


def test_a_day_that_never_was_is_passed_over() -> None:
    apia = zone("Pacific/Apia")  # 30 December 2011 does not exist there
    noon = moment(date(2011, 12, 29), time(12), apia)
    assert start_of_next_day(noon, apia).astimezone(apia).date() == date(2011, 12, 31)
