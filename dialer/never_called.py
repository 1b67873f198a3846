"""Rules of the calling policy that forbid for ever: who is never called by the machine."""

from datetime import datetime

from core.rules import CallingRules
from dialer.decision import CallbackFacts, Reason
from dialer.number_kind import kind_of_number
from dialer.ruling import Rule, Ruling, local, yes


def do_not_call(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """The do-not-call list is permanent."""
    if facts.do_not_call is None:
        return yes("policy-do_not_call-ok")
    return Ruling(Reason("policy-do_not_call", (("why", facts.do_not_call or "-"),)), False)


def service_number(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """Emergency and service numbers are never called, nor what cannot be read as a number."""
    kind = kind_of_number(facts.e164)
    if kind == "subscriber":
        return yes("policy-number-ok")
    return Ruling(Reason(f"policy-number_{kind}"), False, follow_up="invalid_number")


def face_to_face(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """Petitioners and the like are visited by a person."""
    if not facts.face_to_face:
        return yes("policy-face_to_face-ok")
    return Ruling(Reason("policy-face_to_face"), False, follow_up="face_to_face")


def key_incident(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """Key incidents are called by a person."""
    if not facts.key_incident:
        return yes("policy-key_incident-ok")
    return Ruling(Reason("policy-key_incident"), False, follow_up="key_incident")


def number_invalid(facts: CallbackFacts, _rules: CallingRules, _at: datetime) -> Ruling:
    """The network said that the number does not exist."""
    if not facts.number_invalid:
        return yes("policy-number_invalid-ok")
    return Ruling(Reason("policy-number_invalid"), False, follow_up="invalid_number")


def deadline(facts: CallbackFacts, rules: CallingRules, at: datetime) -> Ruling:
    """What is overdue goes to a person."""
    if facts.deadline is None:
        return yes("policy-deadline-none")
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


NEVER: tuple[Rule, ...] = (
    do_not_call,
    service_number,
    face_to_face,
    key_incident,
    number_invalid,
    deadline,
    tries,
)
"""In the order in which they are told."""
