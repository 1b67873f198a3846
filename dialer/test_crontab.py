from datetime import UTC, datetime, timedelta

import pytest

from core.errors import AuthorError
from dialer.crontab import trigger, weekdays


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("*", "*"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("0", "sun"),
        ("7", "sun"),
        ("5-7", "fri,sat,sun"),
        ("0-2", "sun,mon,tue"),
        ("fri-mon", "fri,sat,sun,mon"),
        ("1,3,fri", "mon,wed,fri"),
        ("*/2", "sun,tue,thu,sat"),
        ("1-5/2", "mon,wed,fri"),
    ],
)
def test_weekdays_are_counted_as_crontab_does(field: str, names: str) -> None:
    assert weekdays(field) == names


def test_working_mornings_in_the_schedule_s_own_time_zone() -> None:
    daily = trigger("30 8 * * 1-5", "Asia/Shanghai")
    friday = datetime(2025, 11, 7, 1, 0, tzinfo=UTC)  # 9:00 in Shanghai
    following = daily.get_next_fire_time(None, friday)
    assert following == datetime(2025, 11, 10, 0, 30, tzinfo=UTC)
    assert following - friday > timedelta(days=2)


@pytest.mark.parametrize(
    ("cron", "name"),
    [
        ("30 8 * *", "Asia/Shanghai"),
        ("61 8 * * *", "Asia/Shanghai"),
        ("0 8 * * 9", "Asia/Shanghai"),
        ("0 8 * * someday", "Asia/Shanghai"),
        ("0 8 * * *", "Asia/Atlantis"),
    ],
)
def test_what_cannot_be_read_is_refused(cron: str, name: str) -> None:
    with pytest.raises(AuthorError, match="schedule-cron") as refused:
        trigger(cron, name)
    assert cron in refused.value.sentences("zh")[0]
