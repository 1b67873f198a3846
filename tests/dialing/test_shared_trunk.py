"""Dialers that share a trunk share its starts, however far ahead each of them has to look."""

import asyncio
from collections import Counter
from datetime import timedelta

from sqlalchemy import select, update

from core.disposition import Disposition
from core.rules import CallingRules, PacingRules
from core.trunk import Trunk
from core.verdict import Verdict
from dialer.journal import AttemptJournal
from dialer.pacing import limits_of
from dialer.running import Dialer, DialerRules
from dialer.starting import claim_rules
from ivr.outcome import Outcome
from storage.claims import Claimed, claim
from storage.database import Database
from storage.schema import Attempt, Callback
from tests.dialing.town import DayClock, settle

PEOPLE = 40
TRUNK = Trunk("line", "sip:127.0.0.1", calls_per_second=15, channels=30)
RULES = DialerRules(pacing=PacingRules(calls_per_second=500, channels=500), poll=0.05)
FAR = 0.6
"""Seconds by which the other one believes its claims to be slow."""


async def _claim_far_ahead(database: Database, clock: DayClock) -> None:
    """Claim as a dialer that was slow a while ago, until nobody is left."""
    rules = claim_rules(
        CallingRules(),
        limits_of([TRUNK], RULES.pacing),
        set(),
        horizon=timedelta(seconds=RULES.horizon),
        database_time=database.dialect == "postgresql",
        language="en",
    )
    while True:
        result = await claim(
            database, dialer="far", rules=rules, clock=clock, most=RULES.most, lead=FAR
        )
        if result.exhausted and not result.claimed:
            return
        ended = [one.candidate.callback_id for one in result.claimed]
        async with database.write() as session:
            closed = {"state": "closed", "disposition": "completed", "ended_at": clock.now()}
            await session.execute(
                update(Attempt).where(Attempt.callback_id.in_(ended)).values(closed)
            )
            await session.execute(
                update(Callback).where(Callback.id.in_(ended)).values(state="closed")
            )
        await asyncio.sleep(max(0.0, (result.wait or 0.0) - RULES.horizon / 2))


async def test_whoever_claims_far_ahead_leaves_the_others_their_part(database: Database) -> None:
    await settle(database, PEOPLE)
    clock = DayClock()

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        await journal.dialed(clock.now())
        return Outcome(Disposition.COMPLETED, clock.now(), verdict=Verdict.SATISFIED)

    near = Dialer(database, clock, hold, (TRUNK,), RULES, name="near")
    await asyncio.gather(near.run(), _claim_far_ahead(database, clock))
    async with database.read() as session:
        calls = Counter((await session.scalars(select(Attempt.dialer))).all())
    assert calls.total() == PEOPLE
    assert calls["near"] >= PEOPLE // 10, calls
