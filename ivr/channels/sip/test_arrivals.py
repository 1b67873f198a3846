"""From which addresses trunks may call us."""

from core.trunk import Trunk
from ivr.channels.sip.arrivals import Arrivals, addresses_of
from ivr.channels.sip.received import trunk_at


async def test_a_trunks_own_addresses_or_those_that_are_named() -> None:
    found = await addresses_of(
        [
            Trunk("own", "sip:127.0.0.7:5080;transport=tcp"),
            Trunk("six", "sip:[::1]:5060"),
            Trunk("named", "sip:127.0.0.1", callers=("10.0.0.1", "10.0.0.2")),
            Trunk("nowhere", "sip:trunk.invalid"),
        ]
    )
    assert {name: sorted(each) for name, each in found.items()} == {
        "own": ["127.0.0.7"],
        "six": ["::1"],
        "named": ["10.0.0.1", "10.0.0.2"],
        "nowhere": [],
    }


def test_the_address_tells_the_trunk_whatever_the_port() -> None:
    callers = [["a", ["10.0.0.1"]], ["b", ["10.0.0.2", "::1"]]]
    assert trunk_at("10.0.0.2:31337", callers) == "b"
    assert trunk_at("[::1]:5060", callers) == "b"
    assert trunk_at("10.0.0.11:5060", callers) == ""
    assert trunk_at("", callers) == ""


def test_strangers_are_counted_by_address() -> None:
    arrivals = Arrivals()
    for port in (5060, 5061):
        arrivals.refused(f"10.9.9.9:{port}")
    assert arrivals.strangers == {"10.9.9.9": 2}
