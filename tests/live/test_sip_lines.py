"""Line processes and trunks in trouble: what it costs, and that it goes on."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from core.trunk import Trunk
from ivr.channels.contract import Answered, DialRequest, Ended, EndedBy, Event
from ivr.channels.sip.driver import SipCall, SipChannel
from ivr.channels.sip.stacks import STACKS
from tests.peers import sipp
from tests.peers.ports import rtp_ports

pytestmark = pytest.mark.live
LIMIT = 25


async def answered(channel: SipChannel, trunk: str) -> SipCall:
    call = await channel.dial(DialRequest("a", "+8613800138000", trunk))
    events = call.events()
    async with asyncio.timeout(LIMIT):
        async for event in events:
            assert not isinstance(event, Ended), event
            if isinstance(event, Answered):
                return call
    raise AssertionError("no answer")


async def end_of(call: SipCall) -> Ended:
    last: Event | None = None
    async with asyncio.timeout(LIMIT):
        async for event in call.events():
            last = event
    assert isinstance(last, Ended)
    return last


async def test_a_dead_line_costs_its_own_calls_and_is_replaced(tmp_path: Path) -> None:
    async with sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON) as person:
        channel = SipChannel([Trunk("t", person.uri)], channels=8, ports=rtp_ports())
        await channel.start()
        try:
            calls = [await answered(channel, "t") for _ in range(8)]
            victim = channel.pool.lines[0]
            assert len(victim.calls) == 4
            os.kill(victim.pid, signal.SIGKILL)
            living = {asyncio.create_task(end_of(call)) for call in calls}
            done: set[asyncio.Task[Ended]] = set()
            while len(done) < 4:
                some, living = await asyncio.wait(living, return_when=asyncio.FIRST_COMPLETED)
                done |= some
            assert [task.result().by for task in done] == [EndedBy.CRASH] * 4
            async with asyncio.timeout(LIMIT):
                while not any(line.free for line in channel.pool.lines):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            again = await answered(channel, "t")  # by the new line: the others are full
            for call in (*calls, again):
                await call.hang_up()
            assert {(await task).by for task in living} == {EndedBy.US}
            assert (await end_of(again)).by is EndedBy.US
            assert channel.pool.restarts == 1
        finally:
            await channel.close()


async def test_a_line_that_hangs_is_ended_and_replaced(tmp_path: Path) -> None:
    async with sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON) as person:
        channel = SipChannel([Trunk("t", person.uri)], channels=4, ports=rtp_ports())
        await channel.start()
        try:
            call = await answered(channel, "t")
            os.kill(channel.pool.lines[0].pid, signal.SIGSTOP)
            assert (await end_of(call)).by is EndedBy.CRASH
        finally:
            await channel.close()


async def test_a_trunk_that_goes_silent_costs_its_own_calls(tmp_path: Path) -> None:
    silent = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON, echo=True)
    lively = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON, echo=True)
    async with silent, lively:
        channel = SipChannel(
            [Trunk("silent", silent.uri), Trunk("lively", lively.uri)],
            channels=4,
            ports=rtp_ports(),
            silent_seconds=2.0,
        )
        await channel.start()
        try:
            lost = await answered(channel, "silent")
            kept = await answered(channel, "lively")
            silent.freeze()
            assert (await end_of(lost)).by is EndedBy.CRASH
            await kept.hang_up()
            assert (await end_of(kept)).by is EndedBy.US
        finally:
            await channel.close()


async def test_twenty_four_calls_at_once(tmp_path: Path) -> None:
    async with sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON) as person:
        channel = SipChannel([Trunk("t", person.uri)], channels=24, ports=rtp_ports())
        await channel.start()
        try:
            calls = await asyncio.gather(*(answered(channel, "t") for _ in range(24)))
            for call in calls:
                await call.hang_up()
            ends = await asyncio.gather(*(end_of(call) for call in calls))
            assert {end.by for end in ends} == {EndedBy.US}
        finally:
            await channel.close()


@pytest.mark.parametrize("stack", STACKS)
async def test_lines_hang_up_and_go_when_the_house_is_killed(stack: str, tmp_path: Path) -> None:
    house = textwrap.dedent(
        """
        import asyncio, sys
        from core.trunk import Trunk
        from ivr.channels.contract import Answered, DialRequest
        from ivr.channels.sip.driver import SipChannel
        from ivr.channels.sip.pool import Ports
        from ivr.channels.sip.stacks import STACKS

        async def main():
            ports = Ports(rtp_from=int(sys.argv[2]), rtp_until=int(sys.argv[2]) + 2000)
            stack = STACKS[sys.argv[3]]
            channel = SipChannel([Trunk("t", sys.argv[1])], channels=4, ports=ports, stack=stack)
            await channel.start()
            call = await channel.dial(DialRequest("a", "+8613800138000", "t"))
            async for event in call.events():
                if isinstance(event, Answered):
                    print(*channel.pool.pids, flush=True)

        asyncio.run(main())
        """
    )
    async with sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON) as person:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            house,
            person.uri,
            str(rtp_ports().rtp_from),
            stack,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout
        async with asyncio.timeout(LIMIT):
            pids = [int(pid) for pid in (await process.stdout.readline()).split()]
            assert pids
            process.kill()
            await process.wait()
            while any(Path(f"/proc/{pid}/cmdline").exists() and alive(pid) for pid in pids):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.05)
            while "BYE sip:" not in person.heard():  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("response", "headers", "facts"),
    [
        ("404 Not Found", (), (404, 0, 0)),
        ("603 Decline", (), (603, 0, 0)),
        ("480 Unavailable", ('Reason: Q.850;cause=20;text="absent"',), (480, 20, 0)),
        ("503 Unavailable", ("Retry-After: 7",), (503, 0, 7)),
    ],
)
@pytest.mark.parametrize("stack", STACKS)
async def test_refusals_are_told_with_their_facts(
    stack: str, tmp_path: Path, response: str, headers: tuple[str, ...], facts: tuple[int, int, int]
) -> None:
    steps = (sipp.response(response, *headers), sipp.expect("ACK"))
    async with sipp.Person(tmp_path, *steps) as person:
        channel = SipChannel(
            [Trunk("t", person.uri)], channels=1, ports=rtp_ports(), stack=STACKS[stack]
        )
        await channel.start()
        try:
            ended = await end_of(await channel.dial(DialRequest("a", "+8613800138000", "t")))
        finally:
            await channel.close()
    assert ended.by is EndedBy.TRUNK
    assert (ended.sip_status, ended.q850_cause, ended.retry_after) == facts


@pytest.mark.parametrize(("stack", "transport"), [("pjsua2", "tcp"), ("pyvoip", "udp")])
async def test_who_calls_is_shown(stack: str, transport: str, tmp_path: Path) -> None:
    way = {"tcp": "t1", "udp": "u1"}[transport]
    async with sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON, transport=way) as person:
        trunk = Trunk(
            "t",
            person.uri,
            transport=transport,
            caller_id="02012345",
            display_name="回访中心",
            domain="gd.example",
            number_format="9{national}",
        )
        channel = SipChannel([trunk], channels=1, ports=rtp_ports(), stack=STACKS[stack])
        await channel.start()
        try:
            call = await answered(channel, "t")
            await call.hang_up()
            assert (await end_of(call)).by is EndedBy.US
        finally:
            await channel.close()
        heard = person.heard()
    named = ";transport=tcp" if transport == "tcp" else ""
    assert f"INVITE sip:913800138000@127.0.0.1:{person.port}{named} SIP/2.0" in heard
    assert '"回访中心" <sip:02012345@gd.example>' in heard
