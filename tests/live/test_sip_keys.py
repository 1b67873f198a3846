"""Keys over every way, with repetition and loss, from a real SIPp: one press, one key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.trunk import Trunk
from ivr.channels.contract import Answered, DialRequest, Ended, Event, KeyPressed, MachineHeard
from ivr.channels.sip.driver import SipCall, SipChannel
from ivr.channels.sip.stacks import PJSUA2, PYVOIP, SipStack
from tests.peers import pcap, sipp
from tests.peers.ports import rtp_ports

pytestmark = pytest.mark.live


@pytest.fixture(params=[PJSUA2, PYVOIP], ids=lambda each: each.name)
def stack(request: pytest.FixtureRequest) -> SipStack:
    return request.param


@asynccontextmanager
async def call_to(
    stack: SipStack, person: sipp.Person, dtmf: str = "auto"
) -> AsyncIterator[SipCall]:
    async with person:
        trunk = Trunk("t", person.uri, dtmf=dtmf)
        channel = SipChannel([trunk], channels=1, ports=rtp_ports(), stack=stack)
        await channel.start()
        try:
            yield await channel.dial(DialRequest("a", "+8613800138000", "t"))
        finally:
            await channel.close()


async def story(stack: SipStack, person: sipp.Person, dtmf: str = "auto") -> list[Event]:
    """Call a person who presses keys and hangs up; return what happened after the answer."""
    async with call_to(stack, person, dtmf) as call, asyncio.timeout(25):
        events = [event async for event in call.events()]
    kinds = [type(event) for event in events]
    assert Answered in kinds, person.errors()
    return events[kinds.index(Answered) + 1 :]


def keys_of(events: list[Event]) -> list[tuple[str, str]]:
    assert isinstance(events[-1], Ended)
    return [(event.key, event.source) for event in events if isinstance(event, KeyPressed)]


def presses(folder: Path, packets: list[pcap.Packet], *, event: bool = True) -> sipp.Person:
    """Return somebody who sends `packets` after the answer, then hangs up."""
    end = max(packet.at for packet in packets)
    # SIPp is not sure to send the first and last packets of a capture: let them be silence.
    before = pcap.tones((), at=-0.1, sequence=65530)
    after = pcap.tones((), at=end + 0.02, sequence=9000)
    shifted = [replace(packet, at=packet.at + 0.1) for packet in (*before, *packets, *after)]
    capture = pcap.write(folder / "keys.pcap", shifted)
    milliseconds = int(end * 1000) + 600
    steps = (sipp.sound(capture), sipp.pause(milliseconds), sipp.HANGS_UP)
    return sipp.Person(folder, sipp.answered(event=event), sipp.pause(200), *steps)


def numbered(*streams: list[pcap.Packet]) -> list[pcap.Packet]:
    """Return the packets of several presses in one RTP sequence."""
    return [packet for stream in streams for packet in stream]


async def test_every_packet_twice_and_out_of_order(stack: SipStack, tmp_path: Path) -> None:
    one = pcap.press("3", at=0.0, sequence=10, timestamp=800)
    two = pcap.press("3", at=0.4, sequence=30, timestamp=4000)
    late = [pcap.Packet(p.at + 0.05, *list(vars(p).values())[1:]) for p in one]
    twice = [pcap.Packet(p.at + 0.001, *list(vars(p).values())[1:]) for p in two]
    events = await story(stack, presses(tmp_path, numbered(one, late, two, twice)))
    assert keys_of(events) == [("3", "rfc4733")] * 2


@pytest.mark.parametrize("kept", [slice(0, 1), slice(2, 4), slice(-3, None), slice(-1, None)])
async def test_a_press_of_which_most_packets_are_lost(
    stack: SipStack, tmp_path: Path, kept: slice
) -> None:
    whole = pcap.press("8", at=0.0, sequence=10, timestamp=800)
    other = pcap.press("9", at=0.4, sequence=30, timestamp=4000)
    events = await story(stack, presses(tmp_path, numbered(whole[kept], other[kept])))
    assert keys_of(events) == [("8", "rfc4733"), ("9", "rfc4733")]


@pytest.mark.parametrize("kept", [slice(-3, None), slice(-1, None)])
async def test_a_second_press_of_one_key_of_which_only_the_end_arrives(
    stack: SipStack, tmp_path: Path, kept: slice
) -> None:
    first = pcap.press("8", at=0.0, sequence=10, timestamp=800)
    second = pcap.press("8", at=0.6, sequence=40, timestamp=5600, milliseconds=140)
    third = pcap.press("8", at=1.2, sequence=70, timestamp=10400, milliseconds=140)
    events = await story(stack, presses(tmp_path, numbered(first, second[kept], third[kept])))
    assert keys_of(events) == [("8", "rfc4733")] * 3


async def test_a_press_of_nine_seconds_is_one_key(stack: SipStack, tmp_path: Path) -> None:
    first = pcap.press("5", at=0.0, sequence=10, timestamp=800, milliseconds=8180)[:-2]
    more = pcap.press("5", at=8.2, sequence=500, timestamp=800 + 0xFFFF, milliseconds=800)
    events = await story(stack, presses(tmp_path, numbered(first, more)))
    assert keys_of(events) == [("5", "rfc4733")]


async def test_quick_presses_are_separate(stack: SipStack, tmp_path: Path) -> None:
    quick = [
        pcap.press(
            "1", at=n * 0.14, sequence=10 + 10 * n, timestamp=800 + 1120 * n, milliseconds=60
        )
        for n in range(4)
    ]
    events = await story(stack, presses(tmp_path, numbered(*quick)))
    assert keys_of(events) == [("1", "rfc4733")] * 4


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/dtmf-relay", "Signal=6\nDuration=160\n"), ("application/dtmf", "6")],
)
async def test_info(stack: SipStack, tmp_path: Path, kind: str, body: str) -> None:
    info = sipp.request("INFO", f"Content-Type: {kind}", body=body)
    steps = (sipp.pause(300), info, sipp.expect("200"), sipp.pause(200), sipp.HANGS_UP)
    person = sipp.Person(tmp_path, sipp.answered(), *steps)
    assert keys_of(await story(stack, person)) == [("6", "info")]


async def test_tones_where_the_other_side_has_no_events(stack: SipStack, tmp_path: Path) -> None:
    silence = pcap.tones((), milliseconds=200)
    sounds = [*silence]
    for number, key in enumerate("4", start=0):
        at = 0.2 + number * 0.3
        sounds += pcap.tones(pcap.DTMF_HZ[key], at=at, sequence=11 + 15 * number)
        sounds += pcap.tones((), at=at + 0.1, sequence=16 + 15 * number, milliseconds=200)
    events = await story(stack, presses(tmp_path, sounds, event=False))
    assert keys_of(events) == [("4", "inband")]


async def test_a_press_that_comes_as_event_and_as_tone_is_one_key(
    stack: SipStack, tmp_path: Path
) -> None:
    tone = pcap.tones(pcap.DTMF_HZ["2"], at=0.0, sequence=1)
    after = pcap.tones((), at=0.1, sequence=6, milliseconds=200)
    event = pcap.press("2", at=0.31, sequence=17, timestamp=2480)
    events = await story(stack, presses(tmp_path, [*tone, *after, *event], event=False))
    assert [key for key, _ in keys_of(events)] == ["2"]


async def test_the_beep_of_a_mailbox_is_heard(stack: SipStack, tmp_path: Path) -> None:
    sounds = [
        *pcap.tones((), milliseconds=400),
        *pcap.tones((1000.0,), at=0.4, sequence=21, milliseconds=400),
        *pcap.tones((), at=0.8, sequence=41, milliseconds=1600),
    ]
    events = await story(stack, presses(tmp_path, sounds))
    assert [event.sign for event in events if isinstance(event, MachineHeard)] == ["beep"]
    assert keys_of(events) == []


class Ear(asyncio.DatagramProtocol):
    """The person's side of the sound: takes down the keys that arrive as RFC 4733 events."""

    def __init__(self) -> None:
        self.keys: list[tuple[int, str]] = []

    def datagram_received(self, data: bytes, _address: object) -> None:
        kind, stamp = data[1] & 0x7F, int.from_bytes(data[4:8])
        press = (stamp, pcap.EVENTS[data[12]]) if kind == pcap.EVENT_TYPE else None
        if press and press not in self.keys:
            self.keys.append(press)


async def test_an_extension_is_dialled_before_the_answer_is_told(
    stack: SipStack, tmp_path: Path
) -> None:
    loop = asyncio.get_running_loop()
    transport, ear = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    person = sipp.Person(tmp_path, sipp.answered(media=str(port)), sipp.IS_HUNG_UP_ON)
    async with person:
        channel = SipChannel([Trunk("t", person.uri)], channels=1, ports=rtp_ports(), stack=stack)
        await channel.start()
        heard = ""
        try:
            request = DialRequest("a", "+862088888888", "t", extension="8017")
            call = await channel.dial(request)
            async with asyncio.timeout(25):
                async for event in call.events():
                    if isinstance(event, Answered):
                        heard = "".join(key for _, key in ear.keys)
                        await call.hang_up()
        finally:
            await channel.close()
            transport.close()
    assert heard == "8017"
