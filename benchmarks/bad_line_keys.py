"""Keys that arrive over a line that loses every twentieth RTP packet, by each way they travel.

Simulated people press keys as events (RFC 4733), as INFO and as tones over real SIP and RTP; the
product's line processes hear them. A key counts as lost where it is missing from what was heard,
as doubled where more was heard than was pressed. (INFO travels with the signalling, which loses
nothing here: it is there to show that nothing is doubled.)
"""

import asyncio
import difflib
import random
from typing import Any

from core.trunk import Trunk
from ivr.channels.contract import Answered, DialRequest, KeyPressed
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.pool import Ports
from ivr.people.person import Behaviour, Person, Press, Script
from ivr.people.sip.endpoint import SipPeople
from ivr.people.sip.rtp import Impairment

LOSS = 0.05
CALLS, KEYS = 8, 150
"""Calls at once for each way, keys pressed in each."""
WAYS = ("rfc4733", "info", "inband")
TARGETS = {f"{way}_share_heard": (">=", 0.999) for way in WAYS} | {
    f"{way}_doubled": ("<=", 0) for way in WAYS
}


async def heard(channel: SipChannel, keys: int) -> str:
    """Call somebody who presses `keys` keys; return what was heard."""
    call = await channel.dial(DialRequest("a", "+8613800000000", "people"))
    found, latest = "", 0.0
    loop = asyncio.get_running_loop()
    events = call.events()
    while True:
        try:
            async with asyncio.timeout_at(latest or loop.time() + 20):
                event = await anext(events)
        except TimeoutError:
            break
        if isinstance(event, Answered):
            latest = loop.time() + 5 + 0.3 * keys
        elif isinstance(event, KeyPressed):
            found += event.key
            if len(found) == keys:
                latest = min(latest, loop.time() + 2)  # for what may be doubled
    await call.hang_up()
    return found


async def measure(way: str) -> dict[str, Any]:
    """Press keys by one way; return how many were pressed, heard, lost and doubled."""
    dice = random.Random(4)
    pressed = "".join(dice.choice("0123456789*#") for _ in range(KEYS))
    script = Script(on_answer=(Press(pressed, 1.0),))
    person = Person(Behaviour.SILENT, rings=0.2, script=script, keys_by=way)
    people = SipPeople(people=lambda _: person, impairment=Impairment(loss=LOSS))
    await people.start()
    trunk = Trunk("people", f"sip:127.0.0.1:{people.port}")
    ports = Ports(rtp_from=48000, rtp_until=48999)
    channel = SipChannel([trunk], channels=CALLS, ports=ports, beep_seconds=0)
    await channel.start()
    try:
        found = await asyncio.gather(*(heard(channel, KEYS) for _ in range(CALLS)))
    finally:
        await channel.close()
        await people.close()
    right = doubled = 0
    for keys in found:
        matcher = difflib.SequenceMatcher(None, pressed, keys, autojunk=False)
        same = sum(block.size for block in matcher.get_matching_blocks())
        right, doubled = right + same, doubled + len(keys) - same
    total = CALLS * KEYS
    return {
        f"{way}_pressed": total,
        f"{way}_lost": total - right,
        f"{way}_doubled": doubled,
        f"{way}_share_heard": round(right / total, 5),
    }


def run() -> dict[str, Any]:
    """Measure each way."""
    figures: dict[str, Any] = {}
    for way in WAYS:
        figures |= asyncio.run(measure(way))
    return figures
