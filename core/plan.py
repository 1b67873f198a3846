"""In which order the channels are used to reach one party, and what leads from one to the next.

A plan belongs to a batch and is kept with it. Its steps are walked in order, for one callback and
one result: whichever channel the answer comes by, the other steps are not done any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.disposition import Disposition

VOICE, SMS, NOTICE = "voice", "sms", "notice"
"""The channels of a plan: a call over any trunk, a survey by text message; and a text that says
that a call will come, which is no attempt."""

_NOT_REACHED = frozenset(
    {
        Disposition.NO_ANSWER,
        Disposition.BUSY,
        Disposition.REJECTED,
        Disposition.MACHINE,
        Disposition.UNREACHABLE,
        Disposition.BROKE_OFF,
    }
)
LEADING_ON: Mapping[str, frozenset[Disposition]] = {
    VOICE: _NOT_REACHED,
    # A number that takes no texts may still be called, and so may one that the gateway failed.
    SMS: frozenset(
        {
            Disposition.NO_ANSWER,
            Disposition.UNREACHABLE,
            Disposition.INVALID_NUMBER,
            Disposition.FAILED,
            Disposition.BROKE_OFF,
        }
    ),
    NOTICE: frozenset(),  # it is over once it is written
}
"""After which dispositions a step is over, where the plan does not say."""
NEVER_LEADING_ON = frozenset({Disposition.COMPLETED, Disposition.REFUSED, Disposition.UNKNOWN})
"""Who answered or refused is left in peace, and what a crash left unknown goes to a person."""


@dataclass(frozen=True)
class PlanStep:
    """One channel, until it has been tried in vain."""

    channel: str
    """``voice``, ``sms`` or ``notice``."""
    tries: int = 1
    """Attempts that ended with one of `on`, after which the next step begins."""
    on: frozenset[Disposition] = frozenset()
    """What counts as in vain; empty: `LEADING_ON` of the channel."""
    wait: timedelta = timedelta(0)
    """Least time from then until the next step's first attempt."""

    @property
    def leads_on(self) -> frozenset[Disposition]:
        """The dispositions after which the next step comes."""
        return self.on or LEADING_ON[self.channel]


@dataclass(frozen=True)
class Plan:
    """The steps in their order. The last one goes on as the retry table says."""

    name: str
    steps: tuple[PlanStep, ...]

    @property
    def channels(self) -> frozenset[str]:
        """All channels that it uses."""
        return frozenset(step.channel for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept with a batch."""
        return {
            "name": self.name,
            "steps": [
                {
                    "channel": step.channel,
                    "tries": step.tries,
                    "on": sorted(step.leads_on),
                    "wait": step.wait.total_seconds(),
                }
                for step in self.steps
            ],
        }


def stored_plan(kept: Mapping[str, Any], channel: str) -> Plan:
    """Return the plan that was kept with a batch; of one without (`kept` empty): `channel` only."""
    if not kept:
        return SHIPPED[channel]
    return Plan(
        kept["name"],
        tuple(
            PlanStep(
                step["channel"],
                step["tries"],
                frozenset(Disposition(word) for word in step["on"]),
                timedelta(seconds=step["wait"]),
            )
            for step in kept["steps"]
        ),
    )


SHIPPED: Mapping[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan(VOICE, (PlanStep(VOICE),)),
        Plan(SMS, (PlanStep(SMS),)),
        Plan("notice_then_voice", (PlanStep(NOTICE, wait=timedelta(minutes=30)), PlanStep(VOICE))),
        Plan("sms_then_voice", (PlanStep(SMS), PlanStep(VOICE))),
        Plan("voice_then_sms", (PlanStep(VOICE, tries=2), PlanStep(SMS))),
    )
}
"""The plans that are there without any setting, by name."""
BY_VOICE, BY_SMS = SHIPPED[VOICE], SHIPPED[SMS]
