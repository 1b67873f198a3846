"""Who writes back at a number, and what a survey by text message must come to with him. Pure.

The same ends of numbers that decide who answers a call (`ivr.people.directory`) decide who gets a
text message, so that one number can be tried over one channel after the other: 8 does not answer
the phone and writes back, 70 does not write back and answers the phone.
"""

from core.disposition import Disposition
from core.verdict import Verdict
from ivr.people.directory import ending_of
from ivr.people.person import Expected
from ivr.texting.people import Texter, by_last_digit

_REFINED = {
    "60": Texter.AFTER_REMINDER,
    "70": Texter.NEVER,
    "000": Texter.UNREACHABLE,
}
"""Ends at which somebody else writes than the last digit says."""

EXPECTED: dict[Texter, Expected] = {
    Texter.BY_NUMBER: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Texter.BY_WORD: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Texter.DISSATISFIED: Expected(Disposition.COMPLETED, Verdict.DISSATISFIED),
    Texter.WRONG_FIRST: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Texter.LATE: Expected(Disposition.NO_ANSWER),
    Texter.TWICE: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Texter.STOPS: Expected(Disposition.REFUSED),
    Texter.NEVER: Expected(Disposition.NO_ANSWER),
    Texter.ODD: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Texter.UNREACHABLE: Expected(Disposition.UNREACHABLE),
    Texter.AFTER_REMINDER: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
}
"""With agreeing people, in a survey whose first option is the best and whose last is the worst;
where there is no reminder, who waits for it comes to `no_answer`."""


def texter_of(number: str) -> Texter:
    """Return who gets a text message at `number`."""
    return _REFINED.get(ending_of(number)) or by_last_digit(number)
