"""Messages leave once: refusals, troubles of gateways, rates, reports in whichever order."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.errors import TransientError, UncertainError, problem
from dialer.texting.sending import Sending
from dialer.texting.terms import TextTally
from dialer.texting.worker import TextWorker
from ivr.texting.contract import Accepted, DeliveryReport, DeliveryState, OutgoingText, Refused
from storage import do_not_call
from storage.database import Database
from storage.schema import TextMessage
from storage.texting.gateway_lanes import lock_gateway, pause_gateway
from tests.dialing.town import MORNING
from tests.texting.desk import ONE, Desk, HandClock, HandGateway, desk
from tests.texting.town import RULES, programs, settle_texts

NOWHERE = problem("texting-late")


def raising(error: Exception):
    def answer(text: OutgoingText) -> Accepted:
        raise error

    return answer


async def test_what_may_have_left_is_never_sent_again_and_a_person_sees_it(
    database: Database,
) -> None:
    here = await desk(database, answer=raising(UncertainError(NOWHERE)))
    for _ in range(3):
        here.clock.forward(hours=1)
        await here.look()
    assert len(here.gateway.sent) == 1
    (message,) = (await here.kept()).messages[ONE]
    assert (message.state, message.person) == ("uncertain", "wanted")
    # It did arrive: the answer counts.
    await here.writes("2")
    assert (await here.kept()).answers[ONE]["overall"].label == "基本满意"


async def test_silence_after_an_uncertain_question_is_for_a_person_to_judge(
    sqlite: Database,
) -> None:
    here = await desk(sqlite, answer=raising(RuntimeError("the driver broke")))
    here.clock.forward(hours=25)
    await here.look()
    # The reminder puts the question once more; here it gets lost, too.
    assert [("提醒" in text) for text in here.texts()] == [False, True]
    here.clock.forward(hours=49)
    await here.look()
    seen = await here.kept()
    assert seen.attempts[ONE][0].disposition == "unknown"
    assert seen.items[ONE].reason == "unknown"


async def test_a_gateway_that_is_away_is_tried_again_later(database: Database) -> None:
    here = await desk(database, answer=raising(TransientError(NOWHERE)))
    tried = len(here.gateway.sent)
    assert tried == 1  # it rests: not hammered
    here.gateway.answer = lambda text: Accepted((f"id-{text.message}",))
    here.clock.forward(minutes=10)
    await here.look()
    (message,) = (await here.kept()).messages[ONE]
    assert (message.state, message.tries, len(here.gateway.sent)) == ("accepted", 1, tried + 1)


async def test_a_gateway_that_asks_for_patience_gets_it(sqlite: Database) -> None:
    here = await desk(sqlite, answer=lambda _: Refused("throttled", retry_after=600))
    here.gateway.answer = lambda _: Accepted(())
    here.clock.forward(seconds=500)
    await here.look()
    assert len(here.gateway.sent) == 1
    here.clock.forward(seconds=120)
    await here.look()
    assert len(here.gateway.sent) == 2


@pytest.mark.parametrize(
    ("refusal", "disposition"),
    [
        (Refused("21211", permanent=True, invalid_number=True), "invalid_number"),
        (Refused("forbidden", permanent=True), "failed"),
    ],
)
async def test_what_is_refused_for_good_ends_the_attempt(
    sqlite: Database, refusal: Refused, disposition: str
) -> None:
    here = await desk(sqlite, answer=lambda _: refusal)
    seen = await here.kept()
    assert len(here.gateway.sent) == 1
    assert seen.attempts[ONE][0].disposition == disposition
    assert seen.messages[ONE][0].state == "failed"


@pytest.mark.parametrize(
    ("state", "invalid", "disposition"),
    [
        (DeliveryState.UNDELIVERABLE, False, "unreachable"),
        (DeliveryState.EXPIRED, False, "unreachable"),
        (DeliveryState.UNDELIVERABLE, True, "invalid_number"),
        (DeliveryState.REJECTED, False, "failed"),
    ],
)
async def test_delivery_reports_end_in_dispositions(
    sqlite: Database, state: DeliveryState, invalid: bool, disposition: str
) -> None:
    here = await desk(sqlite)
    own = f"id-{here.gateway.sent[0].message}"
    report = DeliveryReport(own, state, here.clock.now(), "001", invalid)
    for _ in range(2):  # the same again changes nothing
        await here.worker.take("hand", report)
    await here.look()
    assert (await here.kept()).attempts[ONE][0].disposition == disposition


async def test_a_report_that_comes_before_the_id_is_not_lost(database: Database) -> None:
    here = await desk(database)
    await here.writes("1", look=False)
    second = "early"

    async def early() -> None:
        await here.worker.take(
            "hand", DeliveryReport(second, DeliveryState.DELIVERED, here.clock.now())
        )

    await early()
    here.gateway.answer = lambda _: Accepted((second,))
    await here.look()
    states = (await here.kept()).states(ONE, "out")
    assert states == ["accepted", "delivered"]


async def test_a_message_of_several_parts_is_delivered_when_all_are(sqlite: Database) -> None:
    here = await desk(sqlite, answer=lambda _: Accepted(("a", "b")))
    for own, expected in (("a", "accepted"), ("b", "delivered")):
        await here.worker.take(
            "hand", DeliveryReport(own, DeliveryState.DELIVERED, here.clock.now())
        )
        assert (await here.kept()).states(ONE, "out") == [expected]


async def test_a_report_after_the_reply_ends_nothing(sqlite: Database) -> None:
    here = await desk(sqlite)
    await here.writes("1")
    own = f"id-{here.gateway.sent[0].message}"
    lost = DeliveryReport(own, DeliveryState.UNDELIVERABLE, here.clock.now())
    await here.worker.take("hand", lost)
    assert (await here.kept()).attempts[ONE][0].state == "open"


async def test_a_number_put_on_the_list_meanwhile_gets_nothing(sqlite: Database) -> None:
    here = await desk(sqlite)
    async with sqlite.write() as session:
        await do_not_call.add(session, [ONE], reason="called us", by="op", now=here.clock.now())
    here.clock.forward(hours=25)
    await here.look()  # the reminder
    assert len(here.gateway.sent) == 1
    assert (await here.kept()).states(ONE, "out")[-1] == "cancelled"


async def test_the_rate_holds_over_all_processes(database: Database) -> None:
    numbers = [f"+86138{i:08d}" for i in range(40)]
    first = await desk(database, *numbers, rate=4.0, name="first")
    second = Sending(
        database,
        first.clock,
        {"hand": first.gateway},
        RULES,
        TextTally(),
        "second",
        lambda: None,
    )
    for round_ in range(12):
        if round_ % 2:
            await second.send(first.clock.now())
            await second.finish()
        await first.look(1)
        first.clock.forward(seconds=0.7)
    async with database.read() as session:
        rows = await session.scalars(
            select(TextMessage)
            .where(TextMessage.sent_at.is_not(None))
            .order_by(TextMessage.sent_at)
        )
        sent = [(one.sent_at, one.parts) for one in rows]
    assert len(sent) >= 10
    for begin, _ in sent:
        within = sum(parts for at, parts in sent if begin <= at < begin + timedelta(seconds=1))
        assert within <= 4 + 1  # a message of two parts may begin in the last slot
    async with database.read() as session:
        senders = set(await session.scalars(select(TextMessage.sender).distinct()))
    assert {"first", "second"} <= senders


async def test_what_a_dead_process_was_sending_is_uncertain(database: Database) -> None:
    here = await desk(database)
    async with database.write() as session:
        message = (await session.scalars(select(TextMessage))).one()
        message.state, message.sender = "sending", "somebody"
    alive = await here.worker._sending.recover(here.clock.now(), lambda _: False)
    assert alive == 0
    assert await here.worker._sending.recover(here.clock.now(), lambda _: True) == 1
    assert (await here.kept()).states(ONE, "out") == ["uncertain"]
    here.clock.forward(hours=1)
    await here.look()
    assert len(here.gateway.sent) == 1


async def test_surveys_begin_over_a_gateway_that_works(database: Database) -> None:
    away, works = HandGateway("away", messages_per_second=5000.0), HandGateway("works")
    await settle_texts(database, [ONE])
    clock = HandClock(MORNING)
    async with database.write() as session:
        await lock_gateway(session, "away")
        await pause_gateway(session, "away", clock.now(), "away", asked=3600.0)
    worker = TextWorker(database, clock, [away, works], programs, RULES)
    await Desk(database, clock, works, worker).look()
    assert (away.sent, [one.number for one in works.sent[:1]]) == ([], [ONE])
