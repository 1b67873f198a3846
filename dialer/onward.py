"""From one channel to the next: whether an attempt was the last of its plan's step. Pure."""

from core.disposition import Disposition
from core.plan import VOICE, Plan
from dialer.decision import CallbackFacts
from dialer.number_kind import takes_texts


def next_step(disposition: Disposition, facts: CallbackFacts) -> int | None:
    """Return the index of the step that follows an attempt; None: this one goes on.

    `facts` are those after the attempt, it is in `history`.
    """
    steps, here = facts.plan.steps, facts.plan.steps[facts.plan_step]
    if disposition not in here.leads_on or _in_vain(facts) < here.tries:
        return None
    for index in range(facts.plan_step + 1, len(steps)):
        if can_reach(steps[index].channel, facts.e164):
            return index
    return None


def first_step(plan: Plan, e164: str) -> int:
    """Return the index of the plan's first step that can reach this number."""
    fit = (index for index, step in enumerate(plan.steps) if can_reach(step.channel, e164))
    return next(fit, 0)


def can_reach(channel: str, e164: str) -> bool:
    """Return False for text messages to a land-line."""
    return channel == VOICE or takes_texts(e164)


def _in_vain(facts: CallbackFacts) -> int:
    """Count the attempts of the present step that led on."""
    here, found = facts.plan.steps[facts.plan_step], 0
    for past in facts.history:
        if past.callback_id != facts.callback_id or past.by_himself:
            continue
        if past.channel != here.channel:
            break
        found += past.disposition in here.leads_on
    return found
