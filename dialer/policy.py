"""The calling policy: may this person be called now, and if not, when at the earliest?

Pure: facts, rules and `now` in, a decision with its reason in words out. Every rule answers for
one moment; the earliest permitted moment is found by asking all of them again at the latest
moment that any of them named, until none objects. Fails closed: an unknown calendar, time zone
or number forbids the call.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

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
from dialer.decision import CallbackFacts, Decision, PastAttempt, Reason

LOOK_AGAIN_OPEN = timedelta(minutes=5)
"""An open attempt elsewhere ends at a time nobody knows: look again after this."""
LOOK_AGAIN_UNKNOWN = timedelta(days=1)
"""What is unknown (a time zone) may be mended: look again after this."""
ROUNDS = 4000
"""Bound of the search for the earliest moment (a round moves on by a day or settles)."""


_CHINESE_MOBILE = re.compile(r"\+861[3-9]\d{9}")


@dataclass(frozen=True)
class Ruling:
    """What one rule says about one moment."""

    reason: Reason
    allowed: bool = True
    until: datetime | None = None
    """Where not allowed: the earliest moment at which this rule may allow it. None: never."""
    follow_up: str = ""
    """Where never: why a person has to follow up; empty: nobody."""
    opaque: bool = False
    """True: what lies behind this moment cannot be foreseen, the search ends here."""


Rule = Callable[[CallbackFacts, CallingRules, datetime], Ruling]


def decide(facts: CallbackFacts, rules: CallingRules, now: datetime) -> Decision:
    """Return whether the call may start at `now` (aware), why, and else when at the earliest.

    `not_before` is the earliest moment at which all rules allow it, as far as can be foreseen;
    None: never, `follow_up` says what a person has to do.
    """
    now = now.astimezone(UTC)
    rulings = [rule(facts, rules, now) for rule in RULES]
    reasons = tuple(ruling.reason for ruling in rulings)
    objections = [ruling for ruling in rulings if not ruling.allowed]
    if not objections:
        return Decision(True, Reason("policy-allowed"), None, reasons)
    for ruling in objections:
        if ruling.until is None:
            return Decision(False, ruling.reason, None, reasons, ruling.follow_up)
    binding = max(objections, key=lambda ruling: ruling.until or now)
    earliest = _earliest(facts, rules, binding.until or now)
    if facts.deadline is not None and earliest >= facts.deadline:
        reason = Reason(
            "policy-deadline_out_of_reach",
            (
                ("at", local(earliest, facts, rules)),
                ("deadline", local(facts.deadline, facts, rules)),
            ),
        )
        return Decision(False, reason, None, (*reasons, reason), "not_reached")
    return Decision(False, binding.reason, earliest, reasons)


def _earliest(facts: CallbackFacts, rules: CallingRules, at: datetime) -> datetime:
    """Return the first moment from `at` on, the latest that a rule named, to which none objects."""
    for _ in range(ROUNDS):
        objections = [
            ruling
            for ruling in (rule(facts, rules, at) for rule in TIMED)
            if ruling.until is not None
        ]
        if not objections or any(ruling.opaque for ruling in objections):
            return at
        at = max(ruling.until for ruling in objections if ruling.until is not None)
    return at


def local(at: datetime, facts: CallbackFacts, rules: CallingRules) -> str:
    """Return `at` as the called person's clock shows it (UTC where their zone is unknown)."""
    return _local(at, facts.time_zone or rules.time_zone)


@lru_cache(maxsize=65536)  # deadlines are told by every decision anew
def _local(at: datetime, name: str) -> str:
    try:
        where = zone(name)
    except UnknownTimeZoneError:
        return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return at.astimezone(where).strftime("%Y-%m-%d %H:%M")


def _until(code: str, until: datetime, facts: CallbackFacts, rules: CallingRules) -> Ruling:
    return Ruling(Reason(code, (("until", local(until, facts, rules)),)), False, until)


@lru_cache(maxsize=64)
def _yes(code: str) -> Ruling:
    return Ruling(Reason(code))


# ---------------------------------------------------------------------- who is never called


def do_not_call(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """The do-not-call list is permanent."""
    if facts.do_not_call is None:
        return _yes("policy-do_not_call-ok")
    return Ruling(Reason("policy-do_not_call", (("why", facts.do_not_call or "-"),)), False)


def service_number(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """Emergency and service numbers are never called, nor what cannot be read as a number."""
    kind = kind_of_number(facts.e164)
    if kind == "subscriber":
        return _yes("policy-number-ok")
    return Ruling(Reason(f"policy-number_{kind}"), False, follow_up="invalid_number")


@lru_cache(maxsize=65536)
def kind_of_number(e164: str) -> str:
    """Return ``subscriber``, ``service`` (110, 12345, 95588, 400 ...) or ``unknown``."""
    if _CHINESE_MOBILE.fullmatch(e164):  # nine numbers of ten, and parsing is slow
        return "subscriber"
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return "unknown"
    national = phonenumbers.national_significant_number(number)
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if phonenumbers.is_emergency_number(national, region):
        return "service"
    if region == "CN" and len(national) < 10:
        # A Chinese subscriber has 10 digits or more (area code included): what is shorter is
        # 110, 12345, 95588, 0755-110 and the like, or was cut off.
        return "service"
    kind = phonenumbers.number_type(number)
    service = (
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    )
    if kind in service or (region == "CN" and national.startswith(("400", "800"))):
        return "service"
    return "subscriber" if phonenumbers.is_possible_number(number) else "unknown"


def face_to_face(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """Petitioners and the like are visited by a person."""
    if not facts.face_to_face:
        return _yes("policy-face_to_face-ok")
    return Ruling(Reason("policy-face_to_face"), False, follow_up="face_to_face")


def key_incident(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """Key incidents are called by a person."""
    if not facts.key_incident:
        return _yes("policy-key_incident-ok")
    return Ruling(Reason("policy-key_incident"), False, follow_up="key_incident")


def number_invalid(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """The network said that the number does not exist."""
    if not facts.number_invalid:
        return _yes("policy-number_invalid-ok")
    return Ruling(Reason("policy-number_invalid"), False, follow_up="invalid_number")


def deadline(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """What is overdue goes to a person."""
    if facts.deadline is None:
        return _yes("policy-deadline-none")
    values = (("deadline", local(facts.deadline, facts, rules)),)
    if at < facts.deadline:
        return Ruling(Reason("policy-deadline-ok", values))
    return Ruling(Reason("policy-deadline", values), False, follow_up="not_reached")


def tries(facts: CallbackFacts, rules: CallingRules, _at: datetime) -> Ruling:
    """A callback has so many tries, then a person calls."""
    values = (("tries", str(facts.tries)), ("most", str(rules.tries)))
    if facts.tries < rules.tries:
        return Ruling(Reason("policy-tries-ok", values))
    return Ruling(Reason("policy-tries", values), False, follow_up="not_reached")


# ------------------------------------------------------------------------- not now, but later


def open_attempt(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """Nobody is rung while another attempt to the same person or number is under way."""
    latest = max((past.at for past in facts.history if past.ended_at is None), default=None)
    if latest is None:
        return _yes("policy-open_attempt-ok")
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
        return _yes("policy-next_at-ok")
    return _until("policy-next_at", facts.next_at.astimezone(UTC), facts, rules)


def calls_per_day(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """So many calls to one person in one calendar day, over all batches."""
    try:
        where = zone(facts.time_zone or rules.time_zone)
    except UnknownTimeZoneError:
        return _yes("policy-calls_per_day-ok")  # the rule of the time zone forbids
    today = at.astimezone(where).date()
    made = sum(past.at.astimezone(where).date() == today for past in _counting(facts))
    if made < rules.calls_per_day:
        return _yes("policy-calls_per_day-ok")
    return Ruling(
        Reason("policy-calls_per_day", (("made", str(made)), ("most", str(rules.calls_per_day)))),
        False,
        start_of_next_day(at, where),
    )


def between_tries(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """So much time from the end of one try to the start of the next."""
    ends = [past.ended_at for past in _counting(facts) if past.ended_at is not None]
    if not ends or max(ends) + rules.between_tries <= at:
        return _yes("policy-between_tries-ok")
    return _until("policy-between_tries", max(ends) + rules.between_tries, facts, rules)


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
        return _yes("policy-refusal-ok")
    return _until("policy-refusal", max(ends) + rules.refusal_rest, facts, rules)


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
        return _yes("policy-quiet_day-ok")
    today = at.astimezone(where).date()
    if today not in rules.quiet_days:
        return _yes("policy-quiet_day-ok")
    reason = Reason("policy-quiet_day", (("day", today.isoformat()),))
    return Ruling(reason, False, start_of_next_day(at, where))


def working_day(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """Where asked for, calls are made on working days only. Unknown calendars forbid."""
    try:
        where = zone(facts.time_zone or rules.time_zone)
    except UnknownTimeZoneError:
        return _yes("policy-working_day-ok")
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
        return _yes("policy-working_day-ok")
    return Ruling(Reason("policy-working_day", values), False, start_of_next_day(at, where))


def hours(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """Calls start within the calling hours of the called person's clock, never past 8-21."""
    try:
        where = zone(facts.time_zone or rules.time_zone)
    except UnknownTimeZoneError:
        return _yes("policy-hours-ok")
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
    """Attempts that are held against the person: all but those that failed by our own fault."""
    return [
        past
        for past in facts.history
        if past.disposition is None or past.disposition.counts_against_party
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
"""Rules that may allow later what they forbid now."""

RULES: tuple[Rule, ...] = (
    do_not_call,
    service_number,
    face_to_face,
    key_incident,
    number_invalid,
    deadline,
    tries,
    *TIMED,
)
"""All rules, in the order in which they are told; what forbids for ever comes first."""
