"""Trunks that want something: a password, a registration, TLS, a way through a proxy."""

import asyncio
from pathlib import Path

import pytest

from core.errors import PermanentError
from core.trunk import Trunk
from ivr.channels.contract import Answered, DialRequest, Ended, EndedBy, TrunkHealth
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.stacks import PJSUA2, PYVOIP, SipStack
from tests.peers import sipp, sipp_caller
from tests.peers.kamailio import Kamailio
from tests.peers.ports import free_port, rtp_ports

pytestmark = pytest.mark.live


@pytest.fixture(params=[PJSUA2, PYVOIP], ids=lambda each: each.name)
def stack(request: pytest.FixtureRequest) -> SipStack:
    return request.param


async def call_over(
    trunk: Trunk, *, channels: int = 1, stack: SipStack = PJSUA2
) -> tuple[bool, Ended, list[TrunkHealth]]:
    """Call over `trunk`; return whether it was answered, its end, and the trunk's health."""
    channel = SipChannel([trunk], channels=channels, ports=rtp_ports(), stack=stack)
    await channel.start()
    answered = False
    try:
        health = await channel.check()
        call = await channel.dial(DialRequest("a", "+8613800138000", "t"))
        async with asyncio.timeout(20):
            async for event in call.events():
                if isinstance(event, Answered):
                    answered = True
                    await call.hang_up()
    finally:
        await channel.close()
    assert isinstance(event, Ended)
    return answered, event, health


async def test_password_and_one_registration_from_many_lines(
    stack: SipStack, tmp_path: Path
) -> None:
    person = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with person, Kamailio(tmp_path, person.uri) as kamailio:
        trunk = Trunk(
            "t",
            f"sip:127.0.0.1:{kamailio.port}",
            username="house",
            password=kamailio.password,
            register=True,
        )
        answered, ended, health = await call_over(trunk, channels=24, stack=stack)
        assert answered
        assert ended.by is EndedBy.US
        assert health[0].reachable
        assert health[0].registered is True
        assert health[0].sip_status == 200
        assert health[0].milliseconds > 0
        contacts = {
            line.partition(" by ")[2].partition(";")[0]
            for line in kamailio.log().splitlines()
            if "REGISTERED house" in line
        }
        assert len(contacts) == 1


async def test_a_wrong_password_is_told(stack: SipStack, tmp_path: Path) -> None:
    person = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with person, Kamailio(tmp_path, person.uri) as kamailio:
        trunk = Trunk(
            "t",
            f"sip:127.0.0.1:{kamailio.port}",
            username="house",
            password="wrong",
            register=True,
        )
        answered, ended, health = await call_over(trunk, stack=stack)
        assert not answered
        assert (ended.by, ended.sip_status) in ((EndedBy.TRUNK, 401), (EndedBy.TRUNK, 407))
        assert health[0].registered is False


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_with_an_authority_of_our_own(tmp_path: Path, trusted: bool) -> None:
    person = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with person, Kamailio(tmp_path, person.uri, tls=True) as kamailio:
        trunk = Trunk(
            "t",
            f"sip:127.0.0.1:{kamailio.tls_port}",
            transport="tls",
            username="house",
            password=kamailio.password,
            tls_ca_file=str(kamailio.authority) if trusted else "",
        )
        answered, ended, health = await call_over(trunk)
        assert answered is trusted
        assert health[0].reachable is trusted
        assert ended.by is (EndedBy.US if trusted else EndedBy.TRUNK)


async def test_an_outbound_proxy_is_gone_through(stack: SipStack, tmp_path: Path) -> None:
    person = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with person, Kamailio(tmp_path, person.uri) as kamailio:
        trunk = Trunk(
            "t",
            "sip:carrier.invalid",
            username="house",
            password=kamailio.password,
            outbound_proxy=f"sip:127.0.0.1:{kamailio.port}",
        )
        answered, _, _ = await call_over(trunk, stack=stack)
        assert answered
        assert "INVITE sip:13800138000@carrier.invalid" in person.heard()


async def test_a_trunk_that_is_not_there_is_told(stack: SipStack, tmp_path: Path) -> None:
    nowhere = Trunk("t", f"sip:127.0.0.1:{free_port()}")
    channel = SipChannel([nowhere], channels=1, ports=rtp_ports(), stack=stack)
    await channel.start()
    try:
        (health,) = await channel.check()
    finally:
        await channel.close()
    assert not health.reachable


@pytest.mark.parametrize(
    ("trunk", "wanted"),
    [
        (Trunk("t", "sip:10.0.0.1", transport="tls"), "tls"),
        (Trunk("t", "sip:10.0.0.1;transport=tcp"), "tcp"),
        (Trunk("t", "sips:10.0.0.1"), "tls"),
        (Trunk("t", "sip:10.0.0.1", outbound_proxy="sip:10.0.0.2;transport=TCP"), "tcp"),
    ],
)
async def test_what_pyvoip_cannot_do_is_refused_at_the_start(trunk: Trunk, wanted: str) -> None:
    channel = SipChannel([trunk], channels=1, ports=rtp_ports(), stack=PYVOIP)
    with pytest.raises(PermanentError) as refused:
        await channel.start()
    (found,) = refused.value.problems
    assert found.code == "sip-stack-transport"
    assert dict(found.values)["transport"] == wanted
    assert channel.pool.pids == []


async def test_a_trunk_rings_us_where_we_registered_and_says_who_calls(tmp_path: Path) -> None:
    person = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with person, Kamailio(tmp_path, person.uri) as kamailio:
        trunk = Trunk(
            "t",
            f"sip:127.0.0.1:{kamailio.port}",
            username="house",
            password=kamailio.password,
            register=True,
        )
        ports = rtp_ports()
        channel = SipChannel([trunk], channels=1, ports=ports, reception=sipp.free_port())
        await channel.start()
        try:
            caller = sipp_caller.Caller(
                tmp_path / "caller",
                "operator",
                kamailio.port,
                sipp_caller.HANGS_UP,
                called="house",
                # The network knows better than the From header (RFC 3325).
                headers=["P-Asserted-Identity: <sip:+8613800138001@carrier.example;user=phone>"],
            )
            async with caller, asyncio.timeout(30):
                call = await anext(channel.incoming())
                assert (call.caller.number, call.caller.trunk) == ("+8613800138001", "t")
                await call.answer()
                assert await caller.finished(), caller.errors()
                *_, ended = [event async for event in call.events()]
            assert isinstance(ended, Ended)
            assert ended.by is EndedBy.PARTY
        finally:
            await channel.close()
