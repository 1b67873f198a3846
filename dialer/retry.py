"""What follows an attempt: another try and when, a person, a correction, or nothing.

Pure. The table (`core.rules.default_retry`) says what a disposition leads to; the calling policy
says when a further call is permitted at all.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.disposition import Disposition
from core.rules import (
    EARLIEST_EVER,
    LATEST_EVER,
    CallingRules,
    PacingRules,
    RetryRule,
    default_retry,
)
from dialer.calendar import UnknownTimeZoneError, moment, start_of_next_day, zone
from dialer.decision import CallbackFacts, NextStep, Reason
from dialer.onward import next_step
from dialer.policy import decide
from dialer.ruling import local

THIRDS = 3
ROUNDS = 50
"""Bound of the search for another time of day (two or three rounds are the rule)."""


def after(
    disposition: Disposition,
    facts: CallbackFacts,
    rules: CallingRules,
    table: dict[Disposition, RetryRule],
    now: datetime,
    *,
    retry_after: int = 0,
    failed_tries: int = PacingRules.failed_tries,
) -> NextStep:
    """Return what follows an attempt that ended `now` with `disposition`.

    `facts` are those after the attempt: it is in `history` (ended), and counted in `tries` or
    `failed_tries`. `retry_after` are seconds that the other side asked for (RFC 3261, 20.33);
    `failed_tries` is `PacingRules.failed_tries`.
    """
    rule = table.get(disposition) or default_retry()[disposition]
    counts = disposition.counts_against_party
    words = (("disposition", disposition.value),)
    if rule.action == "done":
        return NextStep("done", Reason("retry-done", words), counts=counts)
    onward = next_step(disposition, facts)
    if onward is None and rule.action == "correct":
        reason = Reason("retry-correct", words)
        return NextStep("correct", reason, counts=counts, follow_up="invalid_number")
    if onward is None and rule.action == "follow_up":
        return NextStep(
            "follow_up", Reason("retry-person", words), counts=counts, follow_up=_why(disposition)
        )
    if not counts and facts.failed_tries >= failed_tries:
        reason = Reason("retry-failed_too_often", (("tries", str(facts.failed_tries)),))
        return NextStep("follow_up", reason, counts=False, follow_up="not_reached")
    if facts.tries >= rules.tries:
        reason = Reason("retry-tries_used", (*words, ("tries", str(facts.tries))))
        return NextStep("follow_up", reason, counts=counts, follow_up="not_reached")
    if onward is None:
        at = _next_time(rule, facts, rules, now.astimezone(UTC), counts, retry_after)
    else:
        wait = facts.plan.steps[facts.plan_step].wait
        facts = replace(facts, channel=facts.plan.steps[onward].channel, plan_step=onward)
        at = _permitted(facts, rules, now.astimezone(UTC) + wait)
    if isinstance(at, NextStep):
        return at
    if facts.deadline is not None and at >= facts.deadline:
        late = (
            ("at", local(at, facts, rules)),
            ("deadline", local(facts.deadline, facts, rules)),
        )
        reason = Reason("retry-past_deadline", (*words, *late))
        return NextStep("follow_up", reason, counts=counts, follow_up="not_reached")
    when = (*words, ("at", local(at, facts, rules)))
    if onward is None:
        return NextStep("retry", Reason("retry-later", when), at, counts)
    reason = Reason("retry-onward", (*when, ("channel", facts.channel)))
    return NextStep("retry", reason, at, counts, onward=onward, channel=facts.channel)


def _why(disposition: Disposition) -> str:
    """The follow-up reason of a disposition that goes straight to a person."""
    if disposition in (Disposition.PARTIAL, Disposition.UNKNOWN):
        return disposition.value
    return "invalid_number" if disposition is Disposition.INVALID_NUMBER else "not_reached"


def _next_time(
    rule: RetryRule,
    facts: CallbackFacts,
    rules: CallingRules,
    now: datetime,
    counts: bool,
    retry_after: int,
) -> datetime | NextStep:
    """Return when the next try may start, or what else follows where the policy says never."""
    rest = rules.between_tries if counts else timedelta(0)
    at = now + max(rule.after, rest, timedelta(seconds=retry_after))
    try:
        where = zone(facts.time_zone or rules.time_zone)
    except UnknownTimeZoneError:
        return at  # the policy forbids the call then, and says why
    if rule.next_day:
        at = max(at, start_of_next_day(now, where))
    started = facts.history[0].at if facts.history else now
    tried = third(started, where, rules)
    for _ in range(ROUNDS):
        decision = _permitted(facts, rules, at)
        if isinstance(decision, NextStep):
            return decision
        at = decision
        if not rule.other_time_of_day or third(at, where, rules) != tried:
            break
        at = _end_of_third(at, where, rules)
    return at


def _permitted(facts: CallbackFacts, rules: CallingRules, at: datetime) -> datetime | NextStep:
    """Return the earliest permitted moment from `at` on, the deadline left aside."""
    timeless = replace(facts, deadline=None, next_at=None)
    decision = decide(timeless, rules, at)
    if decision.allowed:
        return at
    if decision.not_before is None:
        action = "follow_up" if decision.follow_up else "done"
        return NextStep(action, decision.reason, follow_up=decision.follow_up)
    return decision.not_before


def third(at: datetime, where: ZoneInfo, rules: CallingRules) -> int:
    """Return which third of the calling hours `at` falls into: 0, 1 or 2."""
    opens, length = _hours(rules)
    clock = at.astimezone(where)
    minutes = clock.hour * 60 + clock.minute + clock.second / 60 - opens
    return min(THIRDS - 1, max(0, int(minutes * THIRDS // length)))


def _end_of_third(at: datetime, where: ZoneInfo, rules: CallingRules) -> datetime:
    """Return the start of the third after that of `at`; of the next day after the last one."""
    current = third(at, where, rules)
    if current == THIRDS - 1:
        return start_of_next_day(at, where)
    opens, length = _hours(rules)
    # Rounded up to a whole minute, so that it surely lies in the next third.
    minute = opens + -(-length * (current + 1) // THIRDS)
    day = at.astimezone(where).date()
    start = moment(day, time(minute // 60, minute % 60), where)
    return max(start, at + timedelta(minutes=1))


def _hours(rules: CallingRules) -> tuple[int, int]:
    """Return the start (minute of the day) and the length (minutes, at least 3) of the hours."""
    opens = max(rules.hours_from, EARLIEST_EVER)
    closes = min(rules.hours_until, LATEST_EVER)
    start = opens.hour * 60 + opens.minute
    return start, max(THIRDS, closes.hour * 60 + closes.minute - start)
