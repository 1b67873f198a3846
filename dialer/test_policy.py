from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.disposition import Disposition
from core.rules import CallingRules
from dialer.calendar import zone
from dialer.decision import CallbackFacts, PastAttempt
from dialer.policy import RULES, decide

MOBILE = "+8613800138000"
SHANGHAI = zone("Asia/Shanghai")
RULES_OF_PRACTICE = CallingRules()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2025 in Shanghai (3 November is a Monday)."""
    return datetime(2025, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def facts(**known: object) -> CallbackFacts:
    return replace(CallbackFacts(e164=MOBILE, respondent_class="emergency"), **known)  # type: ignore[arg-type]


def attempt(
    when: datetime,
    disposition: Disposition | None = Disposition.NO_ANSWER,
    *,
    e164: str = MOBILE,
    same_party: bool = True,
) -> PastAttempt:
    ended = None if disposition is None else when + timedelta(minutes=1)
    return PastAttempt(when, ended, disposition, e164, 1, same_party)


def test_a_first_call_on_a_working_morning_is_allowed() -> None:
    decision = decide(facts(), RULES_OF_PRACTICE, at(3, 10))
    assert decision.allowed
    assert decision.reason.code == "policy-allowed"
    assert len(decision.all_reasons) == len(RULES)


@pytest.mark.parametrize(
    ("known", "code", "follow_up"),
    [
        ({"do_not_call": "本人要求"}, "policy-do_not_call", ""),
        ({"do_not_call": ""}, "policy-do_not_call", ""),
        ({"e164": "+86110"}, "policy-number_service", "invalid_number"),
        ({"e164": "not a number"}, "policy-number_unknown", "invalid_number"),
        ({"face_to_face": True}, "policy-face_to_face", "face_to_face"),
        ({"key_incident": True}, "policy-key_incident", "key_incident"),
        ({"number_invalid": True}, "policy-number_invalid", "invalid_number"),
        ({"deadline": at(3, 9, 59)}, "policy-deadline", "not_reached"),
        ({"tries": 3}, "policy-tries", "not_reached"),
    ],
)
def test_never_called_automatically(known: dict[str, object], code: str, follow_up: str) -> None:
    decision = decide(facts(**known), RULES_OF_PRACTICE, at(3, 10))
    assert not decision.allowed
    assert decision.reason.code == code
    assert decision.not_before is None
    assert decision.follow_up == follow_up


@pytest.mark.parametrize(
    ("known", "now", "code", "expected"),
    [
        ({}, at(3, 8, 59), "policy-hours", at(3, 9)),
        ({}, at(3, 20), "policy-hours", at(4, 9)),
        ({"next_at": at(3, 15)}, at(3, 10), "policy-next_at", at(3, 15)),
        ({"next_at": at(3, 23)}, at(3, 10), "policy-next_at", at(4, 9)),
        ({"history": (attempt(at(3, 9)),)}, at(3, 19), "policy-calls_per_day", at(4, 9)),
        # A number shared by two people rings one phone.
        (
            {"history": (attempt(at(3, 9), same_party=False),)},
            at(3, 19),
            "policy-calls_per_day",
            at(4, 9),
        ),
        (
            {"history": (attempt(at(3, 9), Disposition.REFUSED),)},
            at(5, 10),
            "policy-refusal",
            at(10, 9, 1),
        ),
        (
            {"history": tuple(attempt(at(day, 10)) for day in (20, 15, 10))},
            at(25, 10),
            "policy-calls_per_number",
            datetime(2025, 12, 10, 10, tzinfo=SHANGHAI),
        ),
    ],
)
def test_not_now_but_at_this_moment(
    known: dict[str, object], now: datetime, code: str, expected: datetime
) -> None:
    decision = decide(facts(**known), RULES_OF_PRACTICE, now)
    assert decision.reason.code == code
    assert decision.not_before == expected
    assert decide(facts(**known), RULES_OF_PRACTICE, expected).allowed
    just_before = expected - timedelta(seconds=1)
    assert not decide(facts(**known), RULES_OF_PRACTICE, just_before).allowed


def test_six_hours_lie_between_two_tries_of_one_day() -> None:
    rules = CallingRules(calls_per_day=2)
    known = facts(history=(attempt(at(3, 9)),))
    decision = decide(known, rules, at(3, 12))
    assert decision.reason.code == "policy-between_tries"
    assert decision.not_before == at(3, 15, 1)


def test_our_own_failures_are_not_held_against_the_person() -> None:
    failed = tuple(attempt(at(3, hour), Disposition.FAILED) for hour in (9, 10, 11, 12))
    assert decide(facts(history=failed), RULES_OF_PRACTICE, at(3, 13)).allowed


def test_other_numbers_of_the_person_do_not_count_for_this_number() -> None:
    other = tuple(attempt(at(day, 10), e164="+8613900139000") for day in (14, 12, 10))
    assert decide(facts(history=other), RULES_OF_PRACTICE, at(20, 10)).allowed


def test_nobody_is_rung_while_an_attempt_is_under_way() -> None:
    decision = decide(facts(history=(attempt(at(3, 9), None),)), RULES_OF_PRACTICE, at(3, 9, 1))
    assert not decision.allowed
    assert decision.not_before is not None
    assert decision.not_before > at(3, 9, 1)
    assert "policy-open_attempt" in [reason.code for reason in decision.all_reasons]


def test_quiet_days_and_days_off_are_passed_over() -> None:
    rules = CallingRules(workdays_only=True, quiet_days=(date(2025, 11, 10),))
    decision = decide(facts(), rules, at(8, 10))  # a Saturday
    assert decision.not_before == at(11, 9)
    make_up = datetime(2025, 9, 28, 10, tzinfo=SHANGHAI)  # a Sunday that is worked
    assert decide(facts(), rules, make_up).allowed


@pytest.mark.parametrize("hour", [0, 7, 21, 23])
def test_no_setting_widens_the_hours_past_eight_to_nine(hour: int) -> None:
    rules = CallingRules(hours_from=time(0), hours_until=time(23, 59))
    decision = decide(facts(), rules, at(3, hour))
    assert not decision.allowed
    assert decision.not_before == (at(3, 8) if hour < 8 else at(4, 8))


def test_hours_are_those_of_the_called_person() -> None:
    known = facts(time_zone="Europe/London")
    assert not decide(known, RULES_OF_PRACTICE, at(3, 10)).allowed
    assert decide(known, RULES_OF_PRACTICE, at(3, 18)).allowed


def test_an_unpublished_calendar_forbids_where_working_days_matter() -> None:
    rules = CallingRules(workdays_only=True)
    then = datetime(2099, 3, 3, 10, tzinfo=SHANGHAI)
    decision = decide(facts(), rules, then)
    assert decision.reason.code == "policy-calendar"
    assert decision.not_before is not None
    assert decision.not_before > then
    assert decide(facts(), CallingRules(), then).allowed


@pytest.mark.parametrize(
    ("rules", "known"),
    [
        (CallingRules(calendar="QQ"), {}),
        (CallingRules(time_zone="Asia/Atlantis"), {}),
        (CallingRules(), {"time_zone": "Asia/Atlantis"}),
        (CallingRules(hours_from=time(20), hours_until=time(9)), {}),
        (CallingRules(calls_per_number=0), {}),
    ],
)
def test_what_is_unknown_or_impossible_forbids(
    rules: CallingRules, known: dict[str, object]
) -> None:
    assert not decide(facts(**known), rules, at(3, 10)).allowed


def test_a_call_that_could_only_come_too_late_goes_to_a_person() -> None:
    known = facts(deadline=at(3, 23), history=(attempt(at(3, 9)),))
    decision = decide(known, RULES_OF_PRACTICE, at(3, 10))
    assert decision.reason.code == "policy-deadline_out_of_reach"
    assert decision.not_before is None
    assert decision.follow_up == "not_reached"


ZONES = [
    "Asia/Shanghai",
    "America/New_York",
    "America/Havana",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Apia",
    "Africa/Cairo",
    "Asia/Atlantis",
]
moments = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
pasts = st.builds(
    lambda now, back, disposition, e164, same: PastAttempt(
        now - back,
        None if disposition is None else now - back + timedelta(minutes=2),
        disposition,
        e164,
        1,
        same,
    ),
    now=moments,
    back=st.timedeltas(timedelta(0), timedelta(days=40)),
    disposition=st.one_of(st.none(), st.sampled_from(list(Disposition))),
    e164=st.sampled_from([MOBILE, "+8613900139000"]),
    same=st.booleans(),
)
some_rules = st.builds(
    CallingRules,
    hours_from=st.times(),
    hours_until=st.times(),
    workdays_only=st.booleans(),
    calendar=st.sampled_from(["CN", "US", "QQ"]),
    quiet_days=st.lists(st.dates(date(2024, 1, 1), date(2026, 12, 31)), max_size=5).map(tuple),
    calls_per_day=st.integers(1, 3),
    calls_per_number=st.integers(1, 4),
    between_tries=st.timedeltas(timedelta(0), timedelta(days=2)),
)
some_facts = st.builds(
    CallbackFacts,
    e164=st.just(MOBILE),
    respondent_class=st.just("emergency"),
    next_at=st.one_of(st.none(), moments),
    deadline=st.one_of(st.none(), moments),
    time_zone=st.sampled_from(ZONES),
    history=st.lists(pasts, max_size=5).map(tuple),
)


@settings(max_examples=250, deadline=None)
@given(known=some_facts, rules=some_rules, now=moments)
def test_the_named_moment_is_allowed_or_leads_further(
    known: CallbackFacts, rules: CallingRules, now: datetime
) -> None:
    decision = decide(known, rules, now)
    if decision.allowed:
        clock = now.astimezone(zone(known.time_zone or rules.time_zone)).time()
        assert time(8) <= clock < time(21)
        assert rules.hours_from <= clock < rules.hours_until
        return
    if decision.not_before is None:
        assert decision.follow_up
        return
    assert decision.not_before > now
    if known.deadline is not None:
        assert decision.not_before < known.deadline
    again = decide(known, rules, decision.not_before)
    assert again.allowed or again.not_before is None or again.not_before > decision.not_before


@settings(max_examples=150, deadline=None)
@given(known=some_facts, rules=some_rules, now=moments, share=st.floats(0, 1))
def test_nothing_is_allowed_before_the_named_moment(
    known: CallbackFacts, rules: CallingRules, now: datetime, share: float
) -> None:
    decision = decide(known, rules, now)
    if decision.not_before is not None:
        between = now + (decision.not_before - now) * share
        if between < decision.not_before:
            assert not decide(known, rules, between).allowed


@settings(max_examples=80, deadline=None)
@given(known=some_facts, rules=some_rules, now=moments)
def test_every_reason_has_a_sentence_in_both_languages(
    known: CallbackFacts, rules: CallingRules, now: datetime
) -> None:
    decision = decide(known, rules, now)
    for reason in (decision.reason, *decision.all_reasons):
        for language in ("zh", "en"):
            assert reason.sentence(language)
