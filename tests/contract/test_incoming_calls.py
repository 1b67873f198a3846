"""What every driver does that takes calls (`Ability.INCOMING`), whichever it is.

A driver joins with one line in `HOUSES`: a context manager that yields a started channel and a way
to let somebody ring it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.clock import VirtualClock
from core.trunk import Trunk
from ivr.channels.contract import (
    Ability,
    Answered,
    Caller,
    Ended,
    EndedBy,
    Event,
    IncomingCall,
    KeyPressed,
    PromptFinished,
    ReceivingChannel,
)
from ivr.channels.dry_run import DryRunChannel
from ivr.channels.silence_file import write_silence
from ivr.channels.sip.driver import SipChannel
from ivr.people.person import PEOPLE, Behaviour, HangUp, Person, Press, Script
from tests.peers import pcap, sipp, sipp_caller
from tests.peers.ports import free_port, rtp_ports

LIMIT = 20.0
NUMBER = "013800138001"


@dataclass
class Rung:
    """A channel that is read, and how people ring it."""

    channel: ReceivingChannel
    let_ring: Callable[[str], "asyncio.Future[None]"]
    """(who) rings; done once he was refused or has hung up, for drivers that can tell."""
    arrived: AsyncIterator[IncomingCall]

    async def by(self, who: str) -> IncomingCall:
        self.let_ring(who)
        async with asyncio.timeout(LIMIT):
            return await anext(self.arrived)


@asynccontextmanager
async def dry_house(folder: Path) -> AsyncIterator[Rung]:
    people = {
        "waits": PEOPLE[Behaviour.SILENT],
        "presses": Person(Behaviour.SILENT, script=Script(on_answer=(Press("112", 0.5),))),
        "hangs_up": Person(Behaviour.SILENT, script=Script(on_answer=(HangUp(1.0),))),
    }
    clock = VirtualClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    driver = asyncio.create_task(clock.drive())
    channel = DryRunChannel(clock, channels=4)
    await channel.start()

    def ring(who: str) -> "asyncio.Future[None]":
        channel.ring(Caller(NUMBER, "t", clock.now(), "12345"), people[who])
        return asyncio.get_running_loop().create_future()

    yield Rung(channel, ring, channel.incoming())
    await channel.close()
    driver.cancel()


@asynccontextmanager
async def sip_house(folder: Path) -> AsyncIterator[Rung]:
    keys = pcap.write(
        folder / "keys.pcap",
        [
            *pcap.press("1", at=0.0, sequence=1, timestamp=1000),
            *pcap.press("1", at=0.3, sequence=20, timestamp=3400),
            *pcap.press("2", at=0.6, sequence=40, timestamp=5800),
        ],
    )
    steps = {
        "waits": (sipp_caller.IS_HUNG_UP_ON,),
        "presses": (sipp.pause(300), sipp.sound(keys), sipp_caller.IS_HUNG_UP_ON),
        "hangs_up": (sipp.pause(600), sipp_caller.HANGS_UP),
    }
    port = free_port()
    channel = SipChannel(
        [Trunk("t", "sip:127.0.0.1:5999")],
        channels=1,
        ports=rtp_ports(),
        reception=port,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(channel.close)
        await channel.start()
        tasks: list[asyncio.Task[None]] = []

        def ring(who: str) -> "asyncio.Future[None]":
            async def call() -> None:
                person = sipp_caller.Caller(
                    folder / f"{who}-{len(tasks)}", NUMBER, port, *steps[who]
                )
                await stack.enter_async_context(person)
                await person.finished()

            tasks.append(asyncio.create_task(call()))
            return tasks[-1]

        yield Rung(channel, ring, channel.incoming())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


HOUSES: dict[str, Callable[[Path], AbstractAsyncContextManager[Rung]]] = {
    "dry-run": dry_house,
    "sip": sip_house,
}


@pytest.fixture(params=sorted(HOUSES))
async def rung(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rung]:
    async with HOUSES[request.param](tmp_path) as house:
        yield house


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    path = tmp_path / "prompt.wav"
    write_silence(path, 0.5)
    return path


async def until(events: AsyncIterator[Event], kind: type[Event]) -> Event:
    async with asyncio.timeout(LIMIT):
        async for event in events:
            if isinstance(event, kind):
                return event
            assert not isinstance(event, Ended), event
    raise AssertionError("the events ended")


async def rest(events: AsyncIterator[Event]) -> list[Event]:
    async with asyncio.timeout(LIMIT):
        return [event async for event in events]


async def test_a_call_comes_with_who_calls_and_is_held_once_answered(
    rung: Rung, prompt: Path
) -> None:
    assert Ability.INCOMING in rung.channel.abilities
    call = await rung.by("waits")
    caller = call.caller
    assert (caller.number, caller.trunk, caller.called) == (NUMBER, "t", "12345")
    assert caller.room
    events = call.events()
    await call.answer()
    assert isinstance(await anext(events), Answered)
    play = await call.play([prompt, prompt])
    finished = await until(events, PromptFinished)
    assert finished.play == play  # type: ignore[union-attr]
    await call.hang_up()
    (ended,) = await rest(events)
    assert isinstance(ended, Ended)
    assert ended.by is EndedBy.US
    await call.answer()  # harmless
    await call.refuse()


async def test_keys_of_who_calls_are_heard(rung: Rung) -> None:
    call = await rung.by("presses")
    events = call.events()
    await call.answer()
    keys = [(await until(events, KeyPressed)).key for _ in range(3)]  # type: ignore[union-attr]
    assert keys == ["1", "1", "2"]
    await call.hang_up()
    assert [type(event) for event in await rest(events)] == [Ended]


async def test_who_calls_may_hang_up(rung: Rung) -> None:
    call = await rung.by("hangs_up")
    events = call.events()
    await call.answer()
    await until(events, Answered)
    ended = await until(events, Ended)
    assert ended.by is EndedBy.PARTY  # type: ignore[union-attr]


async def test_a_refused_call_ends_and_was_never_answered(rung: Rung) -> None:
    call = await rung.by("waits")
    await call.refuse(486)
    (ended,) = await rest(call.events())
    assert isinstance(ended, Ended)
    assert (ended.by, ended.sip_status) == (EndedBy.US, 486)


async def test_one_call_more_than_can_be_held_says_so(rung: Rung) -> None:
    held = [await rung.by("waits") for _ in range(3)]
    room = [call.caller.room for call in held]
    while all(room) and len(held) < 5:
        held.append(await rung.by("waits"))
        room.append(held[-1].caller.room)
    assert room[0]
    assert not room[-1]
    assert all(room[:-1])
    for call in held:
        await call.refuse(486)
        await rest(call.events())
