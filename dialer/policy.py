"""The calling policy: may this person be called now, and if not, when at the earliest?

Pure: facts, rules and `now` in, a decision with its reason in words out. Every rule answers for
one moment; the earliest permitted moment is found by asking all of them again at the latest
moment that any of them named, until none objects. Fails closed: an unknown calendar, time zone
or number forbids the call.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from core.rules import CallingRules
from dialer.decision import CallbackFacts, Decision, Reason
from dialer.never_called import NEVER
from dialer.not_now import TIMED
from dialer.ruling import Rule, local

ROUNDS = 4000
"""Bound of the search for the earliest moment (a round moves on by a day or settles)."""
RULES: tuple[Rule, ...] = (*NEVER, *TIMED)
"""All rules, in the order in which they are told; what forbids for ever comes first."""


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
    soonest = earliest(facts, rules, binding.until or now)
    if facts.deadline is not None and soonest >= facts.deadline:
        reason = Reason(
            "policy-deadline_out_of_reach",
            (
                ("at", local(soonest, facts, rules)),
                ("deadline", local(facts.deadline, facts, rules)),
            ),
        )
        return Decision(False, reason, None, (*reasons, reason), "not_reached")
    return Decision(False, binding.reason, soonest, reasons)


def earliest(
    facts: CallbackFacts, rules: CallingRules, at: datetime, among: Sequence[Rule] = TIMED
) -> datetime:
    """Return the first moment from `at` on, the latest that a rule named, to which none objects."""
    for _ in range(ROUNDS):
        objections = [
            ruling
            for ruling in (rule(facts, rules, at) for rule in among)
            if ruling.until is not None
        ]
        if not objections or any(ruling.opaque for ruling in objections):
            return at
        at = max(ruling.until for ruling in objections if ruling.until is not None)
    return at
