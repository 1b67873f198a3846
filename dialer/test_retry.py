from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.disposition import Disposition
from core.rules import CallingRules, RetryRule, default_retry
from dialer.calendar import zone
from dialer.decision import CallbackFacts, NextStep, PastAttempt
from dialer.policy import decide
from dialer.retry import after, third

SHANGHAI = zone("Asia/Shanghai")
MOBILE = "+8613800138000"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def tried(disposition: Disposition, when: datetime, **known: object) -> CallbackFacts:
    counts = disposition.counts_against_party
    facts = CallbackFacts(
        e164=MOBILE,
        respondent_class="emergency",
        tries=int(counts),
        failed_tries=int(not counts),
        history=(PastAttempt(when - timedelta(minutes=1), when, disposition, MOBILE, 1),),
    )
    return replace(facts, **known)  # type: ignore[arg-type]


def follows(
    disposition: Disposition,
    when: datetime,
    *,
    rules: CallingRules | None = None,
    retry_after: int = 0,
    table: dict[Disposition, RetryRule] | None = None,
    **known: object,
) -> NextStep:
    return after(
        disposition,
        tried(disposition, when, **known),
        rules or CallingRules(),
        table or default_retry(),
        when,
        retry_after=retry_after,
    )


@pytest.mark.parametrize(
    ("disposition", "action", "follow_up"),
    [
        (Disposition.COMPLETED, "done", ""),
        (Disposition.REFUSED, "done", ""),
        (Disposition.PARTIAL, "follow_up", "partial"),
        (Disposition.UNKNOWN, "follow_up", "unknown"),
        (Disposition.INVALID_NUMBER, "correct", "invalid_number"),
        (Disposition.BUSY, "retry", ""),
        (Disposition.NO_ANSWER, "retry", ""),
        (Disposition.REJECTED, "retry", ""),
        (Disposition.MACHINE, "retry", ""),
        (Disposition.UNREACHABLE, "retry", ""),
        (Disposition.BROKE_OFF, "retry", ""),
        (Disposition.FAILED, "retry", ""),
    ],
)
def test_every_disposition_leads_on(disposition: Disposition, action: str, follow_up: str) -> None:
    step = follows(disposition, at(3, 10))
    assert (step.action, step.follow_up) == (action, follow_up)
    assert step.counts is (disposition is not Disposition.FAILED)
    assert (step.at is not None) == (action == "retry")
    for language in ("zh", "en"):
        assert step.reason.sentence(language)


def test_one_call_a_day_moves_the_next_try_to_the_next_morning() -> None:
    assert follows(Disposition.BUSY, at(3, 10)).at == at(4, 9)


def test_two_calls_a_day_are_six_hours_apart() -> None:
    step = follows(Disposition.BUSY, at(3, 10), rules=CallingRules(calls_per_day=2))
    assert step.at == at(3, 16)


def test_no_answer_is_tried_again_in_another_third_of_the_day() -> None:
    # 9:00 to 20:00: thirds begin at 9:00, 12:40 and 16:20.
    morning = follows(Disposition.NO_ANSWER, at(3, 10))
    assert morning.at == at(4, 12, 40)
    evening = follows(Disposition.NO_ANSWER, at(3, 19))
    assert evening.at == at(4, 9)


def test_switched_off_is_tried_on_another_day() -> None:
    rules = CallingRules(calls_per_day=5, between_tries=timedelta(0))
    table = default_retry() | {
        Disposition.UNREACHABLE: RetryRule("retry", timedelta(hours=1), next_day=True)
    }
    assert follows(Disposition.UNREACHABLE, at(3, 10), rules=rules, table=table).at == at(4, 9)


def test_our_own_failure_is_tried_again_soon_and_not_counted() -> None:
    step = follows(Disposition.FAILED, at(3, 10))
    assert step.at == at(3, 10, 15)
    assert not step.counts


def test_the_trunk_may_ask_for_more_time() -> None:
    assert follows(Disposition.FAILED, at(3, 10), retry_after=3600).at == at(3, 11)


def test_after_the_last_try_a_person_follows_up() -> None:
    step = follows(Disposition.NO_ANSWER, at(3, 10), tries=3)
    assert (step.action, step.follow_up) == ("follow_up", "not_reached")
    assert follows(Disposition.NO_ANSWER, at(3, 10), tries=2).action == "retry"


def test_failures_without_end_go_to_a_person() -> None:
    assert follows(Disposition.FAILED, at(3, 10), failed_tries=4).action == "retry"
    step = follows(Disposition.FAILED, at(3, 10), failed_tries=5)
    assert (step.action, step.follow_up, step.counts) == ("follow_up", "not_reached", False)


def test_a_retry_past_the_deadline_goes_to_a_person() -> None:
    step = follows(Disposition.BUSY, at(3, 10), deadline=at(4, 8))
    assert (step.action, step.follow_up) == ("follow_up", "not_reached")
    assert follows(Disposition.BUSY, at(3, 10), deadline=at(4, 10)).action == "retry"


def test_whom_the_list_protects_is_not_tried_again() -> None:
    step = follows(Disposition.BUSY, at(3, 10), do_not_call="本人要求")
    assert (step.action, step.follow_up) == ("done", "")


def test_who_refused_rests_even_where_the_table_says_retry() -> None:
    table = default_retry() | {Disposition.REFUSED: RetryRule("retry", timedelta(hours=1))}
    assert follows(Disposition.REFUSED, at(3, 10), table=table).at == at(10, 10)


@settings(max_examples=150, deadline=None)
@given(
    disposition=st.sampled_from(list(Disposition)),
    now=st.datetimes(datetime(2025, 1, 1), datetime(2025, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    name=st.sampled_from(["Asia/Shanghai", "America/Havana", "Australia/Lord_Howe", ""]),
    calls_per_day=st.integers(1, 3),
    workdays_only=st.booleans(),
)
def test_a_retry_is_permitted_when_its_time_comes(
    disposition: Disposition, now: datetime, name: str, calls_per_day: int, workdays_only: bool
) -> None:
    rules = CallingRules(calls_per_day=calls_per_day, workdays_only=workdays_only)
    facts = tried(disposition, now, time_zone=name)
    step = after(disposition, facts, rules, default_retry(), now)
    if step.action != "retry":
        return
    assert step.at is not None
    assert step.at > now
    assert decide(replace(facts, next_at=step.at), rules, step.at).allowed
    if default_retry()[disposition].other_time_of_day:
        where = zone(name or rules.time_zone)
        assert third(step.at, where, rules) != third(facts.history[0].at, where, rules)
