"""What every text gateway does, whichever it is.

A driver joins with one line in `OFFICES`: a context manager that yields an `Office`: the gateway,
not started yet, with the other side running.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from core.clock import SystemClock
from ivr.texting.contract import (
    Accepted,
    DeliveryReport,
    DeliveryState,
    IncomingText,
    OutgoingText,
    TextEvent,
)
from ivr.texting.gateways.dry_run import DryRunGateway
from ivr.texting.people import Texter, TextPeople, Writes
from tests.contract.text_offices import Office, http, people, smpp, twilio

LIMIT = 20.0
"""Seconds after which something that has to happen has not."""
LONG = "您好，这是一条很长的短信，要分成几条发送，收到时应当是完整的一条。" * 6 + "👮‍♀️{}€"


@dataclass
class Desk:
    """Takes what the gateway tells."""

    told: list[TextEvent] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, gateway: str, event: TextEvent) -> None:
        async with self.news:
            assert gateway
            self.told.append(event)
            self.news.notify_all()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT), self.news:
            await self.news.wait_for(true)

    def incoming(self) -> list[IncomingText]:
        return [one for one in self.told if isinstance(one, IncomingText)]

    def reports(self, *ids: str) -> list[DeliveryState]:
        return [o.state for o in self.told if isinstance(o, DeliveryReport) and o.id in ids]


@asynccontextmanager
async def dry_run() -> AsyncIterator[Office]:
    """Simulated people, in real time but quick."""
    people = TextPeople(lambda n: Texter.UNREACHABLE if n.endswith("9") else Texter.NEVER)
    gateway = DryRunGateway("dry", SystemClock(), people, delivery_seconds=0.0)

    async def writes(number: str, words: str, copies: int) -> None:
        await gateway.phones.write(number, Writes(words, 0.0, copies))

    yield Office(
        gateway,
        "+8613800000000",
        "+8613800000009",
        writes,
        lambda number: people.at(number).got,
    )


OFFICES: dict[str, Callable[[], AbstractAsyncContextManager[Office]]] = {
    "dry_run": dry_run,
    "http": http,
    "people": people,
    "smpp": smpp,
    "twilio": twilio,
}


@pytest.fixture(params=OFFICES)
async def office(request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    async with OFFICES[request.param]() as made:
        yield made


@pytest.fixture
async def desk(office: Office) -> AsyncIterator[Desk]:
    made = Desk()
    await office.gateway.start(made.take)
    try:
        yield made
    finally:
        await office.gateway.close()


def text(number: str, words: str, message: str = "1") -> OutgoingText:
    return OutgoingText(message, number, words)


async def sent(office: Office, number: str, words: str, message: str = "1") -> Accepted:
    answer = await office.gateway.send(text(number, words, message))
    assert isinstance(answer, Accepted)
    return answer


@pytest.mark.parametrize("words", ["满意请回复1。\n1 满意", "Reply 1 {or} 2 €", LONG])
async def test_a_message_arrives_whole(office: Office, desk: Desk, words: str) -> None:
    await sent(office, office.reached, words)
    await desk.until(lambda: bool(office.got(office.reached)))
    assert office.got(office.reached) == [words]


async def test_delivery_is_reported_by_the_ids_of_the_message(office: Office, desk: Desk) -> None:
    answer = await sent(office, office.reached, "第一条")
    assert len(set(answer.ids)) == len(answer.ids) >= 1
    await desk.until(lambda: DeliveryState.DELIVERED in desk.reports(*answer.ids))


async def test_a_message_that_does_not_arrive_is_reported(office: Office, desk: Desk) -> None:
    answer = await sent(office, office.lost, "到不了")
    failed = {DeliveryState.UNDELIVERABLE, DeliveryState.REJECTED, DeliveryState.EXPIRED}
    await desk.until(lambda: bool(failed & set(desk.reports(*answer.ids))))
    assert DeliveryState.DELIVERED not in desk.reports(*answer.ids)


async def test_every_message_has_ids_of_its_own(office: Office, desk: Desk) -> None:
    answers = [await sent(office, office.reached, f"第{i}条", str(i)) for i in range(5)]
    ids = [one for answer in answers for one in answer.ids]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("words", ["1", "不满意，态度很差 👎", LONG])
async def test_what_a_person_writes_is_told_whole(office: Office, desk: Desk, words: str) -> None:
    before = SystemClock().now() - timedelta(minutes=2)
    await office.writes(office.reached, words, 1)
    await desk.until(lambda: bool(desk.incoming()))
    (told,) = desk.incoming()
    assert (told.number, told.text) == (office.reached, words)
    assert told.id
    assert told.at.tzinfo is not None
    assert before <= told.at <= SystemClock().now() + timedelta(minutes=2)


async def test_the_same_message_again_has_the_same_id(office: Office, desk: Desk) -> None:
    await office.writes(office.reached, "满意", 2)
    await desk.until(lambda: len(desk.incoming()) == 2)
    first, again = desk.incoming()
    assert first.id == again.id


async def test_two_messages_of_the_same_words_are_two(office: Office, desk: Desk) -> None:
    await office.writes(office.reached, "1", 1)
    await desk.until(lambda: len(desk.incoming()) == 1)
    await asyncio.sleep(1.05)  # what has no id is told apart by its time, in whole seconds
    await office.writes(office.reached, "1", 1)
    await desk.until(lambda: len(desk.incoming()) == 2)
    assert len({one.id for one in desk.incoming()}) == 2


async def test_it_says_whether_it_works(office: Office, desk: Desk) -> None:
    assert await office.gateway.check() == ""
    assert office.gateway.messages_per_second > 0


async def test_closing_twice_is_no_trouble(office: Office, desk: Desk) -> None:
    await office.gateway.close()
    await office.gateway.close()
