"""More trunks than the library has accounts; trunks that trust different authorities."""

import asyncio
from pathlib import Path

import pytest

from core.errors import PermanentError
from core.trunk import Trunk
from ivr.channels.contract import Answered, DialRequest, Ended, EndedBy
from ivr.channels.sip.driver import SipChannel
from tests.peers import sipp
from tests.peers.kamailio import Kamailio
from tests.peers.ports import free_port, rtp_ports

pytestmark = pytest.mark.live
LIMIT = 30


async def answered(channel: SipChannel, trunk: str) -> bool:
    """Call over `trunk` and hang up at once; return whether somebody answered."""
    call = await channel.dial(DialRequest("a", "+8613800138000", trunk))
    found = False
    async with asyncio.timeout(LIMIT):
        async for event in call.events():
            if isinstance(event, Answered):
                found = True
                await call.hang_up()
    assert isinstance(event, Ended)
    assert event.by is (EndedBy.US if found else EndedBy.TRUNK)
    return found


async def test_more_trunks_than_accounts(tmp_path: Path) -> None:
    async with sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON) as person:
        trunks = [Trunk(f"t{n}", person.uri, caller_id=f"0101000{n:02}") for n in range(25)]
        channel = SipChannel(trunks, channels=4, ports=rtp_ports())
        await channel.start()
        try:
            assert len(trunks) > channel.pool.accounts_per_line
            health = await channel.check()
            for _ in range(2):
                assert [await answered(channel, trunk.name) for trunk in trunks] == [True] * 25
        finally:
            await channel.close()
        assert all(each.reachable for each in health)
        assert all(f"<sip:{trunk.caller_id}@" in person.heard() for trunk in trunks)


async def test_many_registrations_are_spread_over_the_lines(tmp_path: Path) -> None:
    person = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with person, Kamailio(tmp_path, person.uri) as kamailio:
        uri = f"sip:127.0.0.1:{kamailio.port}"
        secret = {"password": kamailio.password, "register": True}
        trunks = [Trunk(f"t{n}", uri, username=f"user{n}", **secret) for n in range(8)]
        channel = SipChannel(trunks, channels=8, ports=rtp_ports())
        await channel.start()
        try:
            assert [each.registered for each in await channel.check()] == [True] * 8
            assert await answered(channel, "t7")
        finally:
            await channel.close()
        assert all(f"REGISTERED {trunk.username} by" in kamailio.log() for trunk in trunks)


async def test_more_registrations_than_the_lines_can_keep_are_refused() -> None:
    uri = f"sip:127.0.0.1:{free_port()}"
    trunks = [
        Trunk(f"t{n}", uri, username=f"user{n}", password="p", register=True) for n in range(70)
    ]
    channel = SipChannel(trunks, channels=4, ports=rtp_ports())
    with pytest.raises(PermanentError) as refused:
        await channel.start()
    await channel.close()
    assert [each.code for each in refused.value.problems] == ["sip-many-registrations"]
    assert "70" in refused.value.sentences("zh")[0]


async def test_trunks_may_trust_different_authorities(tmp_path: Path) -> None:
    """One process, one address: what one trunk trusts is nothing to the others."""
    person = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with person, Kamailio(tmp_path, person.uri, tls=True) as kamailio:
        uri = f"sip:127.0.0.1:{kamailio.tls_port}"
        login = {"transport": "tls", "username": "house", "password": kamailio.password}
        trunks = [
            Trunk("ours", uri, tls_ca_file=str(kamailio.authority), **login),
            Trunk("system", uri, **login),
            Trunk("lax", uri, tls_verify=False, **login),
        ]
        channel = SipChannel(trunks, channels=3, ports=rtp_ports())
        await channel.start()
        try:
            # The strict one last: a connection that another trunk trusts is open by then.
            assert [await answered(channel, name) for name in ("ours", "lax", "system")] == [
                True,
                True,
                False,
            ]
            assert {each.trunk: each.reachable for each in await channel.check()} == {
                "ours": True,
                "system": False,
                "lax": True,
            }
        finally:
            await channel.close()
