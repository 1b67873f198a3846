"""When a message that nobody asked for may reach a person: the calling hours of the policy.

The same rules as for calls (`dialer/not_now.py`): time zone, quiet days, working days, hours. What
is unknown forbids.
"""

from datetime import UTC, datetime

from core.rules import CallingRules
from dialer.decision import CallbackFacts
from dialer.not_now import hours, quiet_day, time_zone, working_day
from dialer.policy import earliest

_RULES = (time_zone, quiet_day, working_day, hours)


def not_before(zone: str, rules: CallingRules, now: datetime) -> datetime:
    """Return the earliest moment from `now` on at which a message may reach somebody in `zone`
    (empty: the rules' own)."""
    facts = CallbackFacts(e164="", respondent_class="", time_zone=zone)
    at = now.astimezone(UTC)
    untils = [ruling.until for rule in _RULES if (ruling := rule(facts, rules, at)).until]
    return earliest(facts, rules, max(filter(None, untils)), _RULES) if untils else at
