"""Why somebody was, was not, or will be called: every rule's answer now, and all that was done.

The decision is the very one that the claim takes (`dialer.policy.decide` over `dialer.facts`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.clock import Clock
from core.phone import mask, parse_numbers
from core.rules import CallingRules
from core.welcome import Welcome
from dialer.batch_members import CALLBACK, PERSON, why_not
from dialer.decision import Decision, Reason
from dialer.facts import gather
from dialer.number_kind import kind_of_number
from dialer.policy import decide
from storage import do_not_call
from storage.database import Database
from storage.followups import QueueEntry, entries
from storage.incoming.calls import CallSeen, calls_of
from storage.parties import (
    AttemptFound,
    CallbackFound,
    PartyFound,
    attempts_of,
    callbacks_of,
    find_parties,
)
from storage.selection import CaseQuery, chunk


@dataclass(frozen=True)
class CallbackStory:
    """One callback: what was tried, and what the rules say now."""

    callback: CallbackFound
    attempts: list[AttemptFound]
    decision: Decision | None
    """None where it is over: nothing is left to decide."""
    summary: Reason


@dataclass(frozen=True)
class PartyStory:
    """One party: its callbacks, its cases without one, its place in the follow-up queue."""

    party: PartyFound
    callbacks: list[CallbackStory]
    without_callback: list[tuple[str, Reason]]
    """Case number and why there is no callback about it."""
    queue: list[QueueEntry]
    rang: list[CallSeen]
    """Calls of his that came to no attempt, latest first."""


@dataclass(frozen=True)
class Explanation:
    """The answer of `huifang why`."""

    at: datetime
    parties: list[PartyStory] = field(default_factory=list)
    number: Reason | None = None
    """What is known about a number that belongs to nobody."""
    rang: list[CallSeen] = field(default_factory=list)
    """Calls from that number, latest first."""


async def explain(db: Database, who: str, rules: CallingRules, clock: Clock) -> Explanation:
    """Return why `who` (a number as people type it, a party's id, or a name) is called or not."""
    now = clock.now()
    numbers = [number.e164 for number in parse_numbers(who).numbers]
    async with db.read() as session:
        if numbers:
            found = await find_parties(session, numbers=numbers)
        elif who.strip().isdigit() and len(who.strip()) < 10:
            found = await find_parties(session, party_id=int(who))
        else:
            found = await find_parties(session, name=who.strip())
        stories = []
        for party in found:
            callbacks = await callbacks_of(session, party.id)
            attempts = await attempts_of(session, party.id)
            facts = await gather(session, [row.id for row in callbacks], rules, now)
            told = []
            for row in callbacks:
                decision = None
                if row.state in ("waiting", "calling"):
                    decision = decide(facts[row.id], rules, now)
                tried = [attempt for attempt in attempts if attempt.callback_id == row.id]
                told.append(CallbackStory(row, tried, decision, _summary(row, decision)))
            rows = await chunk(session, CaseQuery(), (0, 0), party_id=party.id)
            covered = {row.case_id for row in callbacks}
            without = [
                (row.case_number, Reason(_no_callback(why_not(row, CaseQuery(), ()))))
                for row in rows
                if row.case_id not in covered
            ]
            queue = await entries(session, party_ids=[party.id])
            rang = await _rang(session, party.numbers)
            stories.append(PartyStory(party, told, without, queue, rang))
        if stories:
            return Explanation(now, stories)
        return Explanation(now, [], await _stray(session, numbers), await _rang(session, numbers))


async def _rang(session: Any, numbers: Sequence[str]) -> list[CallSeen]:
    """Return calls from these numbers that came to no attempt."""
    seen = await calls_of(session, numbers)
    return [one for one in seen if one.welcome != Welcome.SURVEY]


async def _stray(session: Any, numbers: list[str]) -> Reason:
    if not numbers:
        return Reason("why-nobody")
    listed = await do_not_call.listed(session, numbers)
    if listed:
        return Reason("policy-do_not_call", (("why", listed[0].reason or "-"),))
    if kind_of_number(numbers[0]) != "subscriber":
        return Reason("policy-number_service")
    return Reason("why-nobody-has", (("number", mask(numbers[0])),))


def _summary(row: CallbackFound, decision: Decision | None) -> Reason:
    """Return the callback's state in one sentence."""
    if row.state == "waiting" and row.batch_state != "running":
        return Reason(f"why-batch-{row.batch_state}", (("batch", row.batch),))
    if row.state == "waiting" and decision is not None:
        if decision.allowed:
            return Reason("why-next")
        return decision.reason
    return Reason(f"why-{row.state}", (("why", row.state_reason or "-"),))


def _no_callback(outcome: str) -> str:
    if outcome == CALLBACK:
        return "why-not-in-a-batch"
    return f"batch-person-{outcome}" if outcome in PERSON else f"batch-left_out-{outcome}"
