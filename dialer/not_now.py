"""Rules of the calling policy that may allow later what they forbid now.

Each fails closed: an unknown calendar or time zone forbids the call.
"""

from datetime import UTC, datetime, timedelta

from core.disposition import Disposition
from core.rules import EARLIEST_EVER, LATEST_EVER, CallingRules
from dialer.calendar import (
    UnknownCalendarError,
    UnknownTimeZoneError,
    check_calendar,
    is_working_day,
    moment,
    start_of_next_day,
    zone,
)
from dialer.decision import CallbackFacts, PastAttempt, Reason
from dialer.ruling import Rule, Ruling, local, not_before, yes

LOOK_AGAIN_OPEN = timedelta(minutes=5)
"""An open attempt elsewhere ends at a time nobody knows: look again after this."""
LOOK_AGAIN_UNKNOWN = timedelta(days=1)
"""What is unknown (a time zone) may be mended: look again after this."""


def open_attempt(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """Nobody is rung while another attempt to the same person or number is under way."""
    latest = max((past.at for past in facts.history if past.ended_at is None), default=None)
    if latest is None:
        return yes("policy-open_attempt-ok")
    until = at + LOOK_AGAIN_OPEN
    return Ruling(
        Reason("policy-open_attempt", (("since", local(latest, facts, rules)),)),
        False,
        until,
        opaque=True,
    )


def wanted_time(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """The retry rule, or the person, named a time."""
    if facts.next_at is None or facts.next_at <= at:
        return yes("policy-next_at-ok")
    return not_before("policy-next_at", facts.next_at.astimezone(UTC), facts, rules)


def calls_per_day(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """So many calls to one person in one calendar day, over all batches."""
    try:
        where = zone(facts.time_zone or rules.time_zone)
    except UnknownTimeZoneError:
        return yes("policy-calls_per_day-ok")  # the rule of the time zone forbids
    today = at.astimezone(where).date()
    made = sum(past.at.astimezone(where).date() == today for past in _counting(facts))
    if made < rules.calls_per_day:
        return yes("policy-calls_per_day-ok")
    return Ruling(
        Reason("policy-calls_per_day", (("made", str(made)), ("most", str(rules.calls_per_day)))),
        False,
        start_of_next_day(at, where),
    )


def between_tries(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """So much time from the end of one try to the start of the next."""
    ends = [past.ended_at for past in _counting(facts) if past.ended_at is not None]
    if not ends or max(ends) + rules.between_tries <= at:
        return yes("policy-between_tries-ok")
    return not_before("policy-between_tries", max(ends) + rules.between_tries, facts, rules)


def calls_per_number(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """So many calls to one number in a period, over all batches."""
    calls = sorted(
        (
            past.at
            for past in _counting(facts)
            if past.e164 == facts.e164 and past.at > at - rules.number_period
        ),
        reverse=True,
    )
    values = (
        ("made", str(len(calls))),
        ("most", str(rules.calls_per_number)),
        ("days", str(rules.number_period.days)),
    )
    if len(calls) < rules.calls_per_number:
        return Ruling(Reason("policy-calls_per_number-ok", values))
    if rules.calls_per_number <= 0:
        return Ruling(
            Reason("policy-calls_per_number", (*values, ("until", "-"))),
            False,
            follow_up="not_reached",
        )
    until = (calls[rules.calls_per_number - 1] + rules.number_period).astimezone(UTC)
    return Ruling(
        Reason("policy-calls_per_number", (*values, ("until", local(until, facts, rules)))),
        False,
        until,
    )


def refusal(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """Who refused is left in peace for a while."""
    ends = [
        past.ended_at or past.at
        for past in facts.history
        if past.disposition is Disposition.REFUSED
    ]
    if not ends or max(ends) + rules.refusal_rest <= at:
        return yes("policy-refusal-ok")
    return not_before("policy-refusal", max(ends) + rules.refusal_rest, facts, rules)


def time_zone(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """Without the called person's clock nobody knows whether it is night there."""
    name = facts.time_zone or rules.time_zone
    try:
        zone(name)
    except UnknownTimeZoneError:
        reason = Reason("policy-time_zone", (("zone", name),))
        return Ruling(reason, False, at + LOOK_AGAIN_UNKNOWN, opaque=True)
    return Ruling(Reason("policy-time_zone-ok", (("zone", name),)))


def quiet_day(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """Nobody is called on quiet days."""
    try:
        where = zone(facts.time_zone or rules.time_zone)
    except UnknownTimeZoneError:
        return yes("policy-quiet_day-ok")
    today = at.astimezone(where).date()
    if today not in rules.quiet_days:
        return yes("policy-quiet_day-ok")
    reason = Reason("policy-quiet_day", (("day", today.isoformat()),))
    return Ruling(reason, False, start_of_next_day(at, where))


def working_day(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """Where asked for, calls are made on working days only. Unknown calendars forbid."""
    try:
        where = zone(facts.time_zone or rules.time_zone)
    except UnknownTimeZoneError:
        return yes("policy-working_day-ok")
    today = at.astimezone(where).date()
    values = (("calendar", rules.calendar), ("day", today.isoformat()))
    try:
        check_calendar(rules.calendar)
        working = not rules.workdays_only or is_working_day(today, rules.calendar)
    except UnknownCalendarError:
        return Ruling(
            Reason("policy-calendar", values), False, start_of_next_day(at, where), opaque=True
        )
    if working:
        return yes("policy-working_day-ok")
    return Ruling(Reason("policy-working_day", values), False, start_of_next_day(at, where))


def hours(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """Calls start within the calling hours of the called person's clock, never past 8-21."""
    try:
        where = zone(facts.time_zone or rules.time_zone)
    except UnknownTimeZoneError:
        return yes("policy-hours-ok")
    opens = max(rules.hours_from, EARLIEST_EVER)
    closes = min(rules.hours_until, LATEST_EVER)
    clock = at.astimezone(where)
    values = (
        ("clock", clock.strftime("%H:%M")),
        ("opens", opens.strftime("%H:%M")),
        ("closes", closes.strftime("%H:%M")),
    )
    if opens <= clock.time() < closes:
        return Ruling(Reason("policy-hours-ok"))
    reason = Reason("policy-hours", values)
    if opens >= closes:  # no hours at all: refused at start, forbidden here all the same
        return Ruling(reason, False, start_of_next_day(at, where), opaque=True)
    if clock.time() < opens:
        today = moment(clock.date(), opens, where, at)
        if today > at:
            return Ruling(reason, False, today)
    return Ruling(reason, False, moment(clock.date() + timedelta(days=1), opens, where, at))


def _counting(facts: CallbackFacts) -> list[PastAttempt]:
    """Attempts that are held against the person: all but those that failed by our own fault, and
    those that he made himself.

    Calls are counted for calls, texts for texts: who was not reached by one may hear of us by the
    other on the same day.
    """
    return [
        past
        for past in facts.history
        if past.channel == facts.channel
        and (past.disposition is None or past.disposition.counts_against_party)
        and not past.by_himself
    ]


TIMED: tuple[Rule, ...] = (
    open_attempt,
    wanted_time,
    calls_per_day,
    between_tries,
    calls_per_number,
    refusal,
    time_zone,
    quiet_day,
    working_day,
    hours,
)
"""In the order in which they are told."""
