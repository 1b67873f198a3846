"""A survey held by phone sends a text: kept with the call, sent once, to a mobile only."""

import asyncio

from sqlalchemy import select, update

from core.disposition import Disposition
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from flows.exchange import SendMessage
from ivr.outcome import Outcome
from storage.claims import Claimed
from storage.database import Database
from storage.schema import Callback, TextMessage
from storage.texting.gateway_lanes import lock_gateway, pause_gateway
from tests.channels.test_advance_notice import LAND_LINE, worker
from tests.channels.test_handover import CALLING, NEVER, PACING, RETRY, TRUNKS
from tests.dialing.town import DayClock, settle
from tests.texting.desk import HandGateway

WORDS = "如需补充，请拨打01012345678。"


async def called(
    database: Database, number: str, by: tuple[str, ...] = ()
) -> tuple[HandGateway, list[TextMessage]]:
    """Call somebody whose survey sends a text, then let the texts go out.

    `by`: the gateways of the settings; empty: the one that is returned.
    """
    await settle(database, 1, numbers=[number])
    clock, gateway = DayClock(), HandGateway()

    async def hold(_claimed: Claimed, journal: AttemptJournal) -> Outcome:
        await journal.dialed(clock.now())
        await journal.message(SendMessage(WORDS, "zh"), clock.now())
        async with database.read() as session:  # committed before the call goes on
            assert len((await session.scalars(select(TextMessage))).all()) == 1
        return Outcome(Disposition.COMPLETED, clock.now())

    rules = DialerRules(CALLING, PACING, RETRY, poll=0.05)
    calling = Dialer(database, clock, hold, TRUNKS, rules, texts_by=by or (gateway.name,))
    texts = worker(database, clock, gateway)
    async with asyncio.timeout(60):
        await asyncio.gather(calling.run(), texts.run())
    async with database.read() as session:
        return gateway, list(await session.scalars(select(TextMessage)))


async def test_a_text_of_a_call_leaves_once(database: Database) -> None:
    gateway, kept = await called(database, NEVER)
    assert [(one.number, one.text) for one in gateway.sent] == [(NEVER, WORDS)]
    assert [(one.purpose, one.state) for one in kept] == [("survey_text", "accepted")]


async def test_no_text_to_a_land_line_and_people_see_that(database: Database) -> None:
    gateway, kept = await called(database, LAND_LINE)
    assert gateway.sent == []
    assert [(one.text, one.state, one.error) for one in kept] == [(WORDS, "failed", "land_line")]


async def test_a_text_leaves_over_a_gateway_that_works(database: Database) -> None:
    async with database.write() as session:
        await lock_gateway(session, "away")
        await pause_gateway(session, "away", DayClock().now(), "away", asked=3600.0)
    gateway, kept = await called(database, NEVER, by=("away", "hand"))
    assert [one.text for one in gateway.sent] == [WORDS]
    assert [(one.gateway, one.state) for one in kept] == [("hand", "accepted")]


async def test_what_waits_when_the_calls_end_still_leaves(database: Database) -> None:
    clock, gateway = DayClock(), HandGateway()
    texts = worker(database, clock, gateway)
    await settle(database, 1, numbers=[NEVER])
    async with database.write() as session:
        await session.execute(update(Callback).values(state="done"))
        session.add(
            TextMessage(
                direction="out",
                gateway=gateway.name,
                e164=NEVER,
                text=WORDS,
                purpose="survey_text",
                state="waiting",
                not_before=clock.now(),
                created_at=clock.now(),
            )
        )
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(texts.run())
        await texts.sent_out(10.0)
        texts.drain()
    assert [one.text for one in gateway.sent] == [WORDS]
