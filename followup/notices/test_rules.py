from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from followup.notices.rules import Flow, NoticeRules, flow, try_again
from followup.notices.telling import latest_summary

NOW = datetime(2025, 11, 3, 2, 0, tzinfo=UTC)
RULES = NoticeRules(digest_above=3)


def test_few_go_by_themselves_more_become_a_digest() -> None:
    assert flow(3, 0, None, RULES) is Flow.SINGLES
    assert flow(1, 2, None, RULES) is Flow.SINGLES
    assert flow(1, 3, None, RULES) is Flow.GATHER
    assert flow(4, 0, None, RULES) is Flow.GATHER
    assert flow(1, 0, NOW, RULES) is Flow.WAIT


@given(st.lists(st.integers(0, 20), max_size=60))
def test_an_address_never_gets_more_than_the_rules_allow(arrivals: list[int]) -> None:
    """Minute by minute: in every window at most `digest_above` mails and one digest."""
    window, waiting = timedelta(minutes=10), 0
    singles: list[datetime] = []
    digests: list[datetime] = []
    told = 0
    for minute, new in enumerate([*arrivals, *[0] * 21]):
        now, waiting = NOW + timedelta(minutes=minute), waiting + new
        if not waiting:
            continue
        recent = sum(at > now - window for at in singles)
        last = next((at for at in reversed(digests) if at > now - window), None)
        match flow(waiting, recent, last, RULES):
            case Flow.SINGLES:
                singles += [now] * waiting
                told, waiting = told + waiting, 0
            case Flow.GATHER:
                digests.append(now)
                told, waiting = told + waiting, 0
        assert sum(at > now - window for at in singles) <= RULES.digest_above
        assert sum(at > now - window for at in digests) <= 1
    assert told == sum(arrivals)


def test_pauses_double_up_to_the_longest_and_end() -> None:
    def pause(tries: int) -> timedelta | None:
        again = try_again(tries, NOW, NOW, NoticeRules())
        return again and again - NOW

    assert [pause(tries) for tries in (1, 2, 3, 7, 500)] == [
        timedelta(minutes=1),
        timedelta(minutes=2),
        timedelta(minutes=4),
        timedelta(hours=1),
        timedelta(hours=1),
    ]
    assert try_again(9, NOW - timedelta(days=3), NOW, NoticeRules()) is None


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.times(),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_the_summary_is_never_of_the_future_and_at_most_a_day_old(
    now: datetime, at: time, zone: str
) -> None:
    found = latest_summary(now, at, ZoneInfo(zone))
    age = now - found.astimezone(UTC)
    # A day on which clocks are put back has 25 hours, and an hour that does not exist moves.
    assert timedelta(hours=-1) <= age < timedelta(hours=26)


def test_the_summary_of_shanghai() -> None:
    zone, at = ZoneInfo("Asia/Shanghai"), time(20, 30)
    assert latest_summary(datetime(2025, 11, 3, 12, 29, tzinfo=UTC), at, zone) == datetime(
        2025, 11, 2, 12, 30, tzinfo=UTC
    )
    assert latest_summary(datetime(2025, 11, 3, 12, 30, tzinfo=UTC), at, zone) == datetime(
        2025, 11, 3, 12, 30, tzinfo=UTC
    )
