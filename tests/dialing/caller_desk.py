"""A dialer that takes the calls of people who ring us, over the dry-run channel."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from core.disposition import Disposition
from core.verdict import Verdict
from core.welcome import Welcome
from dialer.incoming.reception import RingBack
from dialer.incoming.terms import RingBackRules
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from flows.exchange import SaveAnswer
from ivr.channels.contract import Caller, IncomingCall
from ivr.channels.dry_run import DryRunChannel
from ivr.channels.dry_run_incoming import DryRunIncomingCall
from ivr.outcome import Outcome
from ivr.people.person import PEOPLE, Behaviour
from storage.claims import Claimed
from storage.database import Database
from storage.schema import Attempt, Callback, FollowUpItem
from storage.schema import IncomingCall as Row
from tests.dialing.line import RULES, TRUNK, Line, everything
from tests.dialing.town import MORNING

LIMIT = 20.0


class Desk:
    """Answers callers as told, over the dry-run channel."""

    def __init__(self, line: Line) -> None:
        self.channel = DryRunChannel(line.clock, channels=10)
        self.clock = line.clock
        self.surveys: list[tuple[Claimed, dict[str, Any] | None]] = []
        self.sentences: list[tuple[Welcome, str]] = []
        self.answered = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()
        self.end = Outcome(
            Disposition.COMPLETED, self.clock.now(), verdict=Verdict.SATISFIED, sip_status=200
        )

    async def survey(
        self,
        call: IncomingCall,
        claimed: Claimed,
        journal: AttemptJournal,
        session: dict[str, Any] | None,
    ) -> Outcome:
        self.surveys.append((claimed, session))
        await call.answer()
        await journal.answered(self.clock.now())
        self.answered.set()
        await self.free.wait()
        await journal.answer(SaveAnswer("speed", "key", "1", "ok"), {"at": "q2"}, self.clock.now())
        await call.hang_up()
        return self.end

    async def sentence(self, call: IncomingCall, welcome: Welcome, language: str) -> None:
        self.sentences.append((welcome, language))
        await call.answer()
        self.answered.set()
        await self.free.wait()
        await call.hang_up()

    def dialer(self, database: Database, line: Line, rules: DialerRules = RULES) -> Dialer:
        ring_back = RingBack(self.channel.incoming, self, RingBackRules(patience=2.0))
        return Dialer(
            database, self.clock, line, (TRUNK,), rules, ring_back=ring_back, until_done=False
        )

    def ring(self, who: str, *, room: bool = True) -> DryRunIncomingCall:
        caller = Caller(who, TRUNK.name, self.clock.now(), room=room)
        return self.channel.ring(caller, PEOPLE[Behaviour.SILENT])


async def over(call: DryRunIncomingCall) -> list[type]:
    async with asyncio.timeout(LIMIT):
        return [type(event) async for event in call.events()]


async def rows(database: Database) -> list[Row]:
    async with database.read() as session:
        return list(await session.scalars(select(Row).order_by(Row.id)))


async def items(database: Database) -> list[FollowUpItem]:
    async with database.read() as session:
        return list(await session.scalars(select(FollowUpItem).order_by(FollowUpItem.id)))


async def change(database: Database, **values: Any) -> None:
    """Change the callbacks: by default nobody is due."""
    async with database.write() as session:
        await session.execute(update(Callback).values(**values))


LATER = {"next_at": MORNING + timedelta(days=1), "due": False}


async def closed(database: Database, attempts: int) -> list[Attempt]:
    """Wait until so many attempts have their end."""
    async with asyncio.timeout(LIMIT):
        while True:
            found, _, _ = await everything(database)
            if len(found) == attempts and all(one.state == "closed" for one in found):
                return found
            await asyncio.sleep(0.02)
