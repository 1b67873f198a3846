"""The dialer's side of a claim: the policy's words, the pacing and the moment of the INVITE."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from core.clock import Clock
from core.disposition import Disposition
from core.rules import CallingRules, PacingRules, RetryRule
from dialer.decision import NextStep
from dialer.facts import facts_of
from dialer.pacing import LATE, Limit, Start, grant, next_chance, take
from dialer.policy import decide
from dialer.retry import after
from storage.attempts import Following
from storage.claims import Claimed, ClaimRules, claim_start
from storage.database import Database
from storage.facts import KnownAttempt, KnownCallback
from storage.judging import Judge, Ruling
from storage.trunk_lanes import HOUSE, Lane

RESTART = timedelta(seconds=30)
"""How far ahead the new moment of a call may lie that came too late for its own."""


def claim_rules(
    calling: CallingRules,
    limits: Mapping[str, Limit],
    unreachable: set[str],
    *,
    horizon: timedelta,
    database_time: bool,
    language: str,
) -> ClaimRules:
    """Return what a claim asks: the policy, and the pacing over the trunks that are there."""

    def start(lanes: Mapping[str, Lane], now: datetime) -> Start | None:
        return grant(lanes, limits, now, horizon, unreachable)

    def restart(lanes: Mapping[str, Lane], now: datetime) -> Start | None:
        own = {name: limit for name, limit in limits.items() if name in lanes}
        return grant(lanes, own, now, RESTART, unreachable)

    def chance(lanes: Mapping[str, Lane], now: datetime) -> datetime | None:
        return next_chance(lanes, limits, now, unreachable)

    return ClaimRules(
        judge=judging(calling, language),
        grant=start,
        regrant=restart,
        take=take,
        chance=chance,
        trunks=tuple(name for name in limits if name != HOUSE),
        history=max(calling.number_period, calling.refusal_rest, calling.between_tries),
        database_time=database_time,
    )


def judging(calling: CallingRules, language: str) -> Judge:
    """Return the calling policy as a claim asks it."""

    def judge(known: KnownCallback, attempts: list[KnownAttempt], now: datetime) -> Ruling:
        decision = decide(facts_of(known, attempts), calling, now)
        why = "" if decision.allowed else decision.reason.sentence(language)
        return Ruling(decision.allowed, why, decision.not_before, decision.follow_up)

    return judge


def following(
    disposition: Disposition,
    calling: CallingRules,
    pacing: PacingRules,
    table: dict[Disposition, RetryRule],
    now: datetime,
    retry_after: int,
    language: str,
) -> Following:
    """Return the function that says, within the closing transaction, what follows."""

    def decide_next(known: KnownCallback, attempts: list[KnownAttempt]) -> tuple[NextStep, str]:
        step = after(
            disposition,
            facts_of(known, attempts),
            calling,
            table,
            now,
            retry_after=retry_after,
            failed_tries=pacing.failed_tries,
        )
        return step, step.reason.sentence(language)

    return decide_next


class Lead:
    """How long a claim's transaction takes at present, so that starts are not given out too
    early to be kept: a little more than lately. Dialers that share a trunk need the same: starts
    lie one after another, so whoever claims further ahead than another leaves it none.
    """

    MOST = 1.0
    _ALIKE = 0.05
    """Seconds within which two moments are one: each claim looks at the clocks anew."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._own = float("-inf")
        self._looked = 0.0

    def took(self, seconds: float) -> None:
        """Note how long a claim took from the look at the clock to the commit's end."""
        rising = seconds > self.seconds
        self.seconds += (min(seconds, self.MOST) - self.seconds) * (0.5 if rising else 0.1)

    def claimed(self, moment: float) -> None:
        """Note a start (monotonic second) of our own."""
        self._own = max(self._own, moment)

    def keep_up(self, given_until: float, now: float, horizon: float) -> None:
        """No start was free: where it is others who claimed them, look as far ahead as they do.

        `given_until`: the last start that was claimed (monotonic second); `horizon`: how far ahead
        starts are claimed without a lead.
        """
        before, self._looked = self._looked or now, now
        if given_until > self._own + self._ALIKE:
            # They claimed it at some moment between our last two looks.
            theirs = given_until - (before + now) / 2 - horizon
            self.seconds = max(self.seconds, min(theirs, self.MOST))


async def wait_for_start(
    database: Database,
    claimed: Claimed,
    rules: ClaimRules,
    clock: Clock,
    lead: Lead,
    late_call: Callable[[], None] = lambda: None,
) -> bool:
    """Wait for the moment of the INVITE; False where no moment could be had (do not dial).

    A call that comes more than `LATE` seconds after its moment takes a new one, so that the
    limit of any rolling second holds.
    """
    moment: float | None = claimed.moment
    for _ in range(20):
        if moment is None:
            await clock.sleep(0.2)
        else:
            await clock.sleep(moment - clock.monotonic())
            late = clock.monotonic() - moment
            if late <= LATE:
                return True
            # We are slower than thought: later starts are given out further ahead, so that one
            # late call does not make the next one late.
            lead.took(lead.seconds + late)
            late_call()
        moment = await claim_start(database, claimed, rules, clock, lead.seconds)
        if moment is not None:
            lead.claimed(moment)
    return False
