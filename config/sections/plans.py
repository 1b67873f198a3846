"""`plans`: by which channels people are reached, one after another."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from config.section import Duration, Section
from core.disposition import Disposition
from core.document_faults import fault
from core.plan import NEVER_LEADING_ON, NOTICE, SHIPPED, VOICE, Plan, PlanStep

MOST_STEPS = 10
DAY = timedelta(days=1)


class PlanStepSettings(Section):
    """One channel, until it has been tried in vain."""

    channel: Literal["voice", "sms", "notice"]
    """``voice`` (a call over a trunk), ``sms`` (a survey by text message), or ``notice`` (a text
    that says that a call will come; the call follows after `wait`)."""
    tries: int = Field(default=PlanStep.tries, ge=1, le=20)
    """Attempts that ended with one of `on`, after which the next step begins; the last step goes
    on as `retry` says."""
    on: frozenset[Disposition] = frozenset()
    """After which dispositions; empty: whenever nobody was reached (and, for ``sms``, where the
    number takes no texts or the gateway failed)."""
    wait: Duration = timedelta(0)
    """Least time from then until the next step begins."""

    @model_validator(mode="after")
    def _nobody_again(self) -> "PlanStepSettings":
        if never := sorted(self.on & NEVER_LEADING_ON):
            raise fault("config-plan-never", disposition=", ".join(never))
        return self


class PlanSettings(Section):
    """By which channels the people of a batch are reached, one after another."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    """Its name, for `huifang batch make --plan` and `schedules: plan`."""
    steps: tuple[PlanStepSettings, ...]
    """The channels in their order, 1 to 10."""

    @model_validator(mode="after")
    def _another_channel(self) -> "PlanSettings":
        if self.name in SHIPPED:
            raise fault("config-plan-shipped", name=self.name)
        if not 1 <= len(self.steps) <= MOST_STEPS:
            raise fault("config-plan-steps", name=self.name, most=MOST_STEPS)
        for number, (one, following) in enumerate(zip(self.steps, self.steps[1:], strict=False), 1):
            if one.channel == following.channel:
                raise fault("config-plan-same", name=self.name, step=number, channel=one.channel)
        for number, one in enumerate(self.steps, 1):
            called = number < len(self.steps) and self.steps[number].channel == VOICE
            if one.channel == NOTICE and not called:
                raise fault("config-plan-notice", name=self.name, step=number)
        return self

    def check_hours(self, hours: timedelta) -> None:
        """Raise where a notice and its call, `wait` later, are never both within the calling hours
        of a day, which are so long."""
        for number, one in enumerate(self.steps, 1):
            apart = one.wait % DAY
            if one.channel == NOTICE and hours <= apart <= DAY - hours:
                raise fault("config-plan-notice-hours", name=self.name, step=number)

    def plan(self) -> Plan:
        """Return it as the dialer obeys it."""
        steps = (PlanStep(one.channel, one.tries, one.on, one.wait) for one in self.steps)
        return Plan(self.name, tuple(steps))
