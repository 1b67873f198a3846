from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.disposition import Disposition
from core.plan import SHIPPED, SMS, VOICE, Plan, PlanStep, stored_plan
from core.rules import CallingRules, default_retry
from dialer.decision import CallbackFacts, NextStep, PastAttempt
from dialer.onward import first_step
from dialer.policy import decide
from dialer.retry import after

MOBILE, LAND_LINE = "+8613800138000", "+862083123456"
NOON = datetime(2025, 11, 3, 4, 0, tzinfo=UTC)
"""A Monday, 12:00 in Shanghai."""


def tried(plan: Plan, *attempts: tuple[str, Disposition], step: int = 0, **known) -> CallbackFacts:
    """Return the facts after these attempts, the first one first, a day between two."""
    history = tuple(
        PastAttempt(
            NOON - timedelta(days=age, minutes=5),
            NOON - timedelta(days=age),
            disposition,
            known.get("e164", MOBILE),
            callback_id=7,
            channel=channel,
        )
        for age, (channel, disposition) in enumerate(reversed(attempts))
    )
    counting = sum(disposition.counts_against_party for _, disposition in attempts)
    facts = CallbackFacts(
        e164=MOBILE,
        respondent_class="emergency",
        tries=counting,
        failed_tries=len(attempts) - counting,
        callback_id=7,
        channel=plan.steps[step].channel,
        plan=plan,
        plan_step=step,
        history=history,
    )
    return replace(facts, **known)


def follows(facts: CallbackFacts, rules: CallingRules | None = None) -> NextStep:
    last = facts.history[0].disposition
    assert last is not None
    return after(last, facts, rules or CallingRules(), default_retry(), NOON)


def came_to(step: NextStep) -> tuple[str, int | None, str]:
    return step.action, step.onward, step.channel


def test_who_does_not_reply_to_a_text_is_called() -> None:
    step = follows(tried(SHIPPED["sms_then_voice"], (SMS, Disposition.NO_ANSWER)))
    assert came_to(step) == ("retry", 1, VOICE)
    assert step.at == NOON
    assert step.reason.sentence("zh") == "无人接听；按批次的计划，2025-11-03 12:00起改用电话。"


@pytest.mark.parametrize("disposition", [Disposition.INVALID_NUMBER, Disposition.FAILED])
def test_a_number_that_takes_no_texts_is_called(disposition: Disposition) -> None:
    step = follows(tried(SHIPPED["sms_then_voice"], (SMS, disposition)))
    assert came_to(step) == ("retry", 1, VOICE)


def test_two_calls_in_vain_then_a_text() -> None:
    plan = SHIPPED["voice_then_sms"]
    once = follows(tried(plan, (VOICE, Disposition.NO_ANSWER)))
    assert came_to(once) == ("retry", None, "")
    twice = follows(tried(plan, (VOICE, Disposition.NO_ANSWER), (VOICE, Disposition.BUSY)))
    assert came_to(twice) == ("retry", 1, SMS)


def test_a_fault_of_ours_is_no_call_in_vain() -> None:
    calls = ((VOICE, Disposition.NO_ANSWER), (VOICE, Disposition.FAILED))
    assert came_to(follows(tried(SHIPPED["voice_then_sms"], *calls))) == ("retry", None, "")


@pytest.mark.parametrize(
    ("disposition", "action"),
    [
        (Disposition.COMPLETED, "done"),
        (Disposition.REFUSED, "done"),
        (Disposition.PARTIAL, "follow_up"),
        (Disposition.UNKNOWN, "follow_up"),
    ],
)
def test_who_was_heard_is_not_tried_by_the_next_channel(
    disposition: Disposition, action: str
) -> None:
    step = follows(tried(SHIPPED["sms_then_voice"], (SMS, disposition)))
    assert came_to(step) == (action, None, "")


def test_the_plan_says_after_what_and_how_long_after() -> None:
    plan = Plan(
        "busy",
        (
            PlanStep(VOICE, on=frozenset({Disposition.BUSY}), wait=timedelta(hours=2)),
            PlanStep(SMS),
        ),
    )
    assert came_to(follows(tried(plan, (VOICE, Disposition.NO_ANSWER)))) == ("retry", None, "")
    busy = follows(tried(plan, (VOICE, Disposition.BUSY)))
    assert came_to(busy) == ("retry", 1, SMS)
    assert busy.at == NOON + timedelta(hours=2)


def test_a_channel_that_comes_twice_counts_its_own_tries() -> None:
    plan = Plan(
        "patient", (PlanStep(VOICE), PlanStep(SMS), PlanStep(VOICE, tries=2), PlanStep(SMS))
    )
    rules = CallingRules(tries=9)
    calls = ((VOICE, Disposition.NO_ANSWER), (SMS, Disposition.NO_ANSWER))
    again = tried(plan, *calls, (VOICE, Disposition.BUSY), step=2)
    assert came_to(follows(again, rules)) == ("retry", None, "")
    last = tried(plan, *calls, *((VOICE, Disposition.BUSY),) * 2, step=2)
    assert came_to(follows(last, rules)) == ("retry", 3, SMS)


def test_a_land_line_gets_no_text() -> None:
    plan = SHIPPED["voice_then_sms"]
    calls = ((VOICE, Disposition.NO_ANSWER),) * 2
    assert came_to(follows(tried(plan, *calls, e164=LAND_LINE))) == ("retry", None, "")
    assert first_step(SHIPPED["sms_then_voice"], LAND_LINE) == 1
    assert first_step(SHIPPED["notice_then_voice"], LAND_LINE) == 1
    assert first_step(SHIPPED["sms_then_voice"], MOBILE) == 0


def test_all_tries_together_are_limited() -> None:
    facts = tried(SHIPPED["sms_then_voice"], (SMS, Disposition.NO_ANSWER))
    step = follows(facts, CallingRules(tries=1))
    assert (step.action, step.follow_up) == ("follow_up", "not_reached")


def test_a_deadline_holds_for_every_channel() -> None:
    facts = tried(SHIPPED["sms_then_voice"], (SMS, Disposition.NO_ANSWER))
    step = follows(replace(facts, deadline=NOON))
    assert (step.action, step.follow_up) == ("follow_up", "not_reached")


def test_the_first_call_after_a_text_is_allowed_on_the_same_day() -> None:
    facts = tried(SHIPPED["sms_then_voice"], (SMS, Disposition.NO_ANSWER), step=1)
    assert decide(facts, CallingRules(), NOON).allowed
    called = tried(SHIPPED["sms_then_voice"], (VOICE, Disposition.NO_ANSWER), step=1)
    assert not decide(called, CallingRules(), NOON).allowed


def test_a_plan_survives_being_kept() -> None:
    for plan in SHIPPED.values():
        kept = stored_plan(plan.as_json(), plan.steps[0].channel)
        assert [step.leads_on for step in kept.steps] == [step.leads_on for step in plan.steps]
        assert [(s.channel, s.tries, s.wait) for s in kept.steps] == [
            (s.channel, s.tries, s.wait) for s in plan.steps
        ]
    assert stored_plan({}, SMS).channels == {SMS}
