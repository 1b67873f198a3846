"""Advance notice: a text says that a call will come, from which number, and how to refuse it.

A step of its own in the plan (`core.plan.NOTICE`): who stands there is written to once and then
waits for the call. A notice that cannot be delivered holds up no call, nor does a gateway that
is away: what it has not taken by the time of the call is not sent any more. Who could only be
called too late, because of the notice, is called without one.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from core.plan import NOTICE, stored_plan
from core.rules import CallingRules
from dialer.decision import CallbackFacts, Decision
from dialer.facts import facts_of
from dialer.policy import decide
from dialer.texting.room import MOST, room, working
from dialer.texting.terms import TextingRules, TextTally
from ivr.texting.parts import parts_of
from storage.candidates import Candidate, candidates, ripen
from storage.database import Database
from storage.facts import KnownAttempt, KnownCallback
from storage.judging import Ruling, judged, put_aside
from storage.texting.announced import Announced, announced
from storage.texting.gateway_lanes import resting_gateways
from storage.texting.outbox import Outgoing, backlog, put

PURPOSE = "advance_notice"

log = structlog.get_logger(__name__)


def may_announce(facts: CallbackFacts, rules: CallingRules, now: datetime) -> Decision:
    """Return whether a notice may leave now: at this hour, for a call that may follow in time.

    Where it may not, `not_before` is when it may.
    """
    here = decide(facts, rules, now)
    if not here.allowed:
        return here
    wait, following = _call_after(facts)
    call = decide(replace(following, next_at=None), rules, now + wait)
    if call.allowed or call.not_before is None:
        return call
    return replace(call, not_before=call.not_before - wait)


def call_without(facts: CallbackFacts, rules: CallingRules, now: datetime) -> datetime | None:
    """Return from when on the call may be made where no notice is waited for; None: never."""
    call = decide(replace(_call_after(facts)[1], next_at=None), rules, now)
    return now if call.allowed else call.not_before


def _call_after(facts: CallbackFacts) -> tuple[timedelta, CallbackFacts]:
    steps, step = facts.plan.steps, facts.plan_step
    following = replace(facts, channel=steps[step + 1].channel, plan_step=step + 1)
    return steps[step].wait, following


class Announcing:
    """Writes the notices that are due."""

    def __init__(
        self,
        database: Database,
        rates: Mapping[str, float],
        rules: TextingRules,
        tally: TextTally,
        batches: Collection[int] | None,
    ) -> None:
        """`rates`: gateway -> messages a second; `batches`: only these (None: all running)."""
        self._database, self._rates = database, dict(rates)
        self._rules, self._tally, self._batches = rules, tally, batches

    async def announce(self, now: datetime) -> int:
        """Write what is due and may leave now; returns how many people were dealt with."""
        async with self._database.read() as session:
            waiting = await backlog(session, now)
            resting = await resting_gateways(session, now)
        at_work = working(self._rates, resting)
        # Nobody knows how long gateways are away: the calls do not wait for them.
        free = room(at_work, waiting) if at_work else dict.fromkeys(self._rates, MOST)
        if not free:
            return 0
        gateway = max(free, key=lambda name: free[name])
        async with self._database.write() as session:
            found = await candidates(session, now, free[gateway], self._batches, NOTICE)
            if not found and await ripen(session, now, self._batches, NOTICE):
                return 0
            if not found:
                found = await candidates(session, now, free[gateway], self._batches, NOTICE)
            calling = self._rules.calling
            history = max(calling.number_period, calling.refusal_rest, calling.between_tries)
            too_late: dict[int, datetime] = {}
            judge = partial(self._judge, too_late)
            taken, put_off = await judged(session, found, judge, history, now, len(found))
            await put_aside(session, put_off, now)
            notices = [
                self._notice(one, gateway, now) for one in taken if one.callback_id not in too_late
            ]
            await put(session, [text for text, _ in notices], now)
            untold = [
                _go_on(one.known, too_late[one.callback_id])
                for one in taken
                if one.callback_id in too_late
            ]
            await announced(session, [told for _, told in notices] + untold)
        if untold:
            log.info("notices_left_out", callbacks=len(untold), reason="deadline")
        self._tally.announced += len(notices)
        return len(taken)

    def _judge(
        self,
        too_late: dict[int, datetime],
        known: KnownCallback,
        attempts: list[KnownAttempt],
        now: datetime,
    ) -> Ruling:
        """Say whether a notice may leave. Whom only a call without one reaches in time stands in
        `too_late` afterwards, with the moment of that call."""
        facts = facts_of(known, attempts)
        decision = may_announce(facts, self._rules.calling, now)
        if not decision.allowed and decision.not_before is None:
            call_at = call_without(facts, self._rules.calling, now)
            if call_at is not None:
                too_late[known.id] = call_at
                return Ruling(True, "")
        why = "" if decision.allowed else decision.reason.sentence(self._rules.language)
        return Ruling(decision.allowed, why, decision.not_before, decision.follow_up)

    def _notice(
        self, candidate: Candidate, gateway: str, now: datetime
    ) -> tuple[Outgoing, Announced]:
        known = candidate.known
        plan = stored_plan(known.plan, known.channel)
        call_at = now + plan.steps[known.plan_step].wait
        words = self._rules.notice_in(candidate.language)
        parts = parts_of(words)
        text = Outgoing(
            None,
            gateway,
            known.e164,
            words,
            parts.count,
            parts.encoding,
            PURPOSE,
            quiet=False,  # the hours were looked at just now, in the party's time zone
            not_after=call_at,
        )
        return text, _go_on(known, call_at)


def _go_on(known: KnownCallback, call_at: datetime) -> Announced:
    step = known.plan_step + 1
    following = stored_plan(known.plan, known.channel).steps[step].channel
    return Announced(known.id, following, step, call_at)
