from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import CallingRules
from dialer.calendar import zone
from dialer.deadline import call_order, first_due

SHANGHAI = zone("Asia/Shanghai")
moments = st.one_of(
    st.none(),
    st.datetimes(datetime(2021, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)


def test_five_working_days_over_the_national_holiday() -> None:
    accepted = datetime(2025, 9, 26, 23, 30, tzinfo=SHANGHAI)
    due = first_due("emergency", accepted, CallingRules())
    assert due == datetime(2025, 10, 11, tzinfo=SHANGHAI)  # the end of 10 October


def test_classes_without_a_term_have_no_deadline() -> None:
    now = datetime(2025, 9, 26, tzinfo=UTC)
    assert first_due("community", now, CallingRules()) is None
    assert first_due("emergency", None, CallingRules()) is None


@given(first=st.integers(-1000, 1000), second=st.integers(-1000, 1000), a=moments, b=moments)
def test_batches_come_by_priority_then_by_deadline(
    first: int, second: int, a: datetime | None, b: datetime | None
) -> None:
    x, y = call_order(first, a), call_order(second, b)
    assert -(2**31) <= x < 2**31
    if first != second:
        assert (x < y) == (first < second)
    elif a and b and abs(a - b) > timedelta(hours=1):
        assert (x < y) == (a < b)
    elif (a is None) != (b is None):
        assert (x < y) == (b is None)


def test_a_priority_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="1001"):
        call_order(1001, None)
