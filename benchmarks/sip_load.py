"""SIP calls held at once on this machine, and calls set up a second.

The called side is SIPp, which streams sound to every call and presses one key after RFC 4733.
Each call plays two prompts, records both sides and waits for the key. `run()` returns, for each
number of calls: keys that were right, calls and packets lost, CPU milliseconds of the product a
call-second, and proportional memory (PSS) a call; and the failures of a minute at 20 calls a
second. SIPp's own CPU is not counted.
"""

import array
import asyncio
import contextlib
import os
import random
import statistics
import tempfile
import time
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import HuifangError
from core.trunk import Trunk
from ivr.channels.contract import (
    Answered,
    Dialed,
    DialRequest,
    Ended,
    EndedBy,
    KeyPressed,
    PromptFinished,
)
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.pool import Ports
from tests.peers import pcap, sipp

HOLD_SECONDS = 16.0
PROMPT_SECONDS = 4.0
KEY_AT = 6.0
KEY = "7"
RATE = 20.0
TARGETS = {
    "cpu_ms_per_call_second_at_100": ("<=", 5.0),
    "pss_mb_per_call_at_100": ("<=", 10.0),
    "calls_lost_at_100": ("<=", 0),
    "packets_lost_at_100": ("<=", 0),
    "keys_wrong_at_100": ("<=", 0),
    "set_up_failures": ("<=", 0),
}

Processes = Callable[[], Iterable[int]]
"""Further processes of the product to be counted, for example a database server."""


@dataclass
class Tally:
    """What came of the calls of one round."""

    keys: list[str] = field(default_factory=list)
    lost: int = 0
    packets: int = 0
    call_seconds: float = 0.0
    to_invite: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def _prompt(path: Path, seconds: float) -> Path:
    chance = random.Random(7)
    samples = array.array("h", (chance.randrange(-3000, 3000) for _ in range(int(8000 * seconds))))
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(samples.tobytes())
    return path


def _speech(path: Path, seconds: float) -> Path:
    """Write a stream of sound in which one key is pressed, numbered without a gap."""
    voice = pcap.tones((440.0,), milliseconds=int(seconds * 1000))
    first = int(KEY_AT / 0.02)
    key = pcap.press(KEY, at=KEY_AT, sequence=voice[first].sequence, timestamp=first * 160)
    return pcap.write(path, [*voice[:first], *key, *voice[first + len(key) :]])


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that processes have used."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def pss_mb(pids: Iterable[int]) -> float:
    """Return the proportional memory of processes (shared pages are shared out)."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


async def _one(
    channel: SipChannel,
    number: int,
    folder: Path,
    prompts: list[Path],
    stop: asyncio.Event,
    t: Tally,
) -> None:
    began = time.time()
    try:
        call = await channel.dial(
            DialRequest(f"a{number}", f"+86138{number:08d}", "load", ring_seconds=30)
        )
    except HuifangError as error:
        t.lost += 1
        t.reasons.append(type(error).__name__)
        return
    answered = 0.0
    keys = ""
    left = list(prompts)

    async def hang_up() -> None:
        await stop.wait()
        await call.hang_up()

    leaving = asyncio.create_task(hang_up())
    async for event in call.events():
        if isinstance(event, Dialed):
            t.to_invite.append(event.at.timestamp() - began)
        elif isinstance(event, Answered):
            answered = time.monotonic()
            await call.record_call(folder / f"{number}.wav")
            await call.play([left.pop(0)])
        elif isinstance(event, PromptFinished) and left:
            await call.play([left.pop(0)])
        elif isinstance(event, KeyPressed):
            keys += event.key
        elif isinstance(event, Ended):
            t.packets += event.packets_lost
            if answered:
                t.call_seconds += time.monotonic() - answered
            if event.by is not EndedBy.US or not answered:
                t.lost += 1
                t.reasons.append(f"{event.by} {event.sip_status} {event.reason}")
    leaving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await leaving
    t.keys.append(keys)


async def held(calls: int, folder: Path, also: Processes | None = None) -> dict[str, Any]:
    """Hold `calls` calls at once for `HOLD_SECONDS`; return the figures."""
    ramp = calls / RATE
    speech = _speech(folder / "speech.pcap", ramp + HOLD_SECONDS + 6)
    prompts = [_prompt(folder / f"prompt-{n}.wav", PROMPT_SECONDS) for n in range(2)]
    person = sipp.Person(
        folder, sipp.answered(), sipp.sound(speech), sipp.IS_HUNG_UP_ON, calls=calls + 10
    )
    tally = Tally()
    async with person:
        channel = SipChannel(
            [Trunk("load", person.uri)],
            channels=calls,
            ports=Ports(rtp_from=34000, rtp_until=59999),
        )
        await channel.start()
        try:
            pids = [os.getpid(), *channel.pool.pids, *(also() if also else ())]
            before = cpu_seconds(pids)
            stop = asyncio.Event()
            started = time.monotonic()
            tasks = []
            for number in range(calls):
                await asyncio.sleep(max(0.0, started + number / RATE - time.monotonic()))
                work = _one(channel, number, folder, prompts, stop, tally)
                tasks.append(asyncio.create_task(work))
            await asyncio.sleep(HOLD_SECONDS)
            memory = pss_mb(pids)
            stop.set()
            await asyncio.gather(*tasks)
            used = cpu_seconds(pids) - before
            restarts = channel.pool.restarts
        finally:
            await channel.close()
    return {
        "calls": calls,
        "keys_wrong": sum(keys != KEY for keys in tally.keys) + calls - len(tally.keys),
        "calls_lost": tally.lost,
        "packets_lost": tally.packets,
        "line_processes_lost": restarts,
        "cpu_ms_per_call_second": 1000 * used / max(0.001, tally.call_seconds),
        "pss_mb_per_call": memory / calls,
        "reasons": sorted(set(tally.reasons)),
    }


async def set_up(seconds: float, folder: Path) -> dict[str, Any]:
    """Set up `RATE` calls a second for `seconds`, each held for a second; count failures."""
    person = sipp.Person(folder, sipp.answered(), sipp.IS_HUNG_UP_ON, calls=400)
    tally = Tally()
    async with person:
        channel = SipChannel(
            [Trunk("load", person.uri)],
            channels=60,
            ports=Ports(rtp_from=34000, rtp_until=59999),
        )
        await channel.start()
        try:

            async def short(number: int) -> None:
                stop = asyncio.Event()
                asyncio.get_running_loop().call_later(1.0, stop.set)
                await _one(channel, number, folder, [prompt], stop, tally)

            prompt = _prompt(folder / "short.wav", 5.0)
            started = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for number in range(int(seconds * RATE)):
                    await asyncio.sleep(max(0.0, started + number / RATE - time.monotonic()))
                    group.create_task(short(number))
        finally:
            await channel.close()
    return {
        "set_ups": int(seconds * RATE),
        "set_up_failures": tally.lost,
        "set_up_reasons": sorted(set(tally.reasons)),
        "dial_to_invite_ms_median": 1000 * statistics.median(tally.to_invite or [0.0]),
    }


def run(
    calls: tuple[int, ...] = (20, 50, 100, 200),
    seconds: float = 60.0,
    also: Processes | None = None,
) -> dict[str, Any]:
    """Measure every number of `calls`, then set-up for `seconds`."""
    rounds = []
    for number in calls:
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(asyncio.run(held(number, Path(folder), also)))
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Any] = asyncio.run(set_up(seconds, Path(folder)))
    for one in rounds:
        figures |= {f"{name}_at_{one['calls']}": value for name, value in one.items()}
    lossy = [x["calls"] for x in rounds if x["calls_lost"] or x["packets_lost"] or x["keys_wrong"]]
    figures["first_loss_at_calls"] = min(lossy) if lossy else f"none up to {max(calls)}"
    figures["rounds"] = rounds
    return figures
