"""SIP calls held at once on this machine, and calls set up a second, by the whole product.

Everybody who is called is SIPp, which does what people do: says hello and waits, presses a key
after the question (RFC 4733), is silent again and then speaks in the open answer. Each call finds
out who picked up, plays two prompts, waits for the key, records an open answer and the whole call.
`run()` returns, for each number of calls: keys that were wrong, calls and packets lost, CPU
milliseconds of the product (dialer and database, line processes, nursery) a call-second, and
proportional memory (PSS) a call; then the failures of a minute at 20 calls a second, and how long
a claim takes to become an INVITE. SIPp's own CPU is not counted.
"""

import asyncio
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from benchmarks import sip_house
from storage.database import Database
from storage.schema import Answer, Attempt
from tests.peers import sipp

RATE = 20
"""Calls started a second."""
SETTING = RATE * 1.2
"""The limit set for that: pacing keeps a guard below its limit."""
SHORT_CHANNELS = 150
TARGETS = {
    "cpu_ms_per_call_second_at_100": ("<=", 5.0),
    "pss_mb_per_call_at_100": ("<=", 10.0),
    "calls_lost_at_100": ("<=", 0),
    "packets_lost_at_100": ("<=", 0),
    "keys_wrong_at_100": ("<=", 0),
    "set_up_failures": ("<=", 0),
    "claim_to_invite_ms_median": ("<=", 50.0),
}

Processes = Callable[[], Iterable[int]]
"""Further processes of the product to be counted, for example a database server."""


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


async def _attempts(database: Database) -> list[Attempt]:
    async with database.read() as session:
        return list((await session.scalars(select(Attempt).order_by(Attempt.id))).all())


async def _keys(database: Database) -> list[str]:
    async with database.read() as session:
        found = select(Answer.raw).where(Answer.step == "overall")
        return list((await session.scalars(found)).all())


async def held(calls: int, folder: Path, also: Processes | None = None) -> dict[str, Any]:
    """Hold `calls` calls at once; return the figures."""
    # The settings need the address, the sound needs the settings' voice: ports are told before.
    draft = sip_house.write_settings(
        folder / "draft", "sip:127.0.0.1", channels=1, rate=1, recorded=True
    )
    called = await sip_house.person(folder / "person.pcap", draft)
    steps = (sipp.answered(), sipp.sound(called.path), sipp.IS_HUNG_UP_ON)
    async with sipp.Person(folder, *steps, calls=calls + 10) as person:
        loaded = sip_house.write_settings(
            folder / "house", person.uri, channels=calls, rate=SETTING, recorded=True
        )
        async with sip_house.running(loaded, "held", calls) as house:
            pids = [os.getpid(), *house.channel.pool.pids, *(also() if also else ())]
            before, own = cpu_seconds(pids), cpu_seconds(pids[:1])
            memory = asyncio.create_task(_memory(house, calls, pids))
            tally = await house.dialer.run()
            used, own = cpu_seconds(pids) - before, cpu_seconds(pids[:1]) - own
            attempts, keys = await _attempts(house.database), await _keys(house.database)
            restarts = house.channel.pool.restarts
    lost = [one for one in attempts if one.disposition != "completed"]
    seconds = sum(
        (one.ended_at - one.answered_at).total_seconds()
        for one in attempts
        if one.answered_at and one.ended_at
    )
    return {
        "calls": calls,
        "most_at_once": tally.most_at_once,
        "keys_wrong": calls - sum(key == sip_house.KEY for key in keys),
        "calls_lost": len(lost) + calls - len(attempts),
        "packets_lost": sum(one.packets_lost for one in attempts),
        "line_processes_lost": restarts,
        "cpu_ms_per_call_second": 1000 * used / max(0.001, seconds),
        "cpu_ms_of_the_dialer": 1000 * own / max(0.001, seconds),
        "pss_mb_per_call": await memory / calls,
        "reasons": sorted({f"{one.disposition} {one.sip_status} {one.reason}" for one in lost}),
    }


async def _memory(house: sip_house.House, calls: int, pids: list[int]) -> float:
    """Return the memory (MB) once all calls are held, or have been dialled for long enough."""
    for _ in range(600):
        if house.dialer.tally.calls_now >= calls:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(4.0)
    return pss_mb(pids)


async def set_up(seconds: float, folder: Path) -> dict[str, Any]:
    """Set up `RATE` calls a second for `seconds`, each as short as a survey can be."""
    number = int(seconds * RATE)
    async with sipp.Person(folder, sipp.answered(), sipp.IS_HUNG_UP_ON, calls=400) as person:
        loaded = sip_house.write_settings(
            folder / "house", person.uri, channels=SHORT_CHANNELS, rate=SETTING, recorded=False
        )
        async with sip_house.running(loaded, "short", number) as house:
            await house.dialer.run()
            attempts = await _attempts(house.database)
    dialed = sorted(one.dialed_at for one in attempts if one.dialed_at)
    waits = [(one.dialed_at - one.claimed_at).total_seconds() for one in attempts if one.dialed_at]
    lost = [one for one in attempts if one.disposition != "completed"]
    gaps = [(b - a).total_seconds() for a, b in pairwise(dialed)]
    return {
        "set_ups": len(attempts),
        "set_up_failures": len(lost) + number - len(attempts),
        "set_up_reasons": sorted(
            {f"{one.disposition} {one.sip_status} {one.reason}" for one in lost}
        ),
        "set_up_calls_per_second": 1 / statistics.mean(gaps) if gaps else 0.0,
        "claim_to_invite_ms_median": 1000 * statistics.median(waits or [0.0]),
        "claim_to_invite_ms_p95": 1000 * sorted(waits or [0.0])[int(len(waits) * 0.95)],
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
        figures: dict[str, Any] = asyncio.run(set_up(seconds, Path(folder))) if seconds else {}
    for one in rounds:
        figures |= {f"{name}_at_{one['calls']}": value for name, value in one.items()}
    _show(rounds)
    lossy = [x["calls"] for x in rounds if x["calls_lost"] or x["packets_lost"] or x["keys_wrong"]]
    figures["first_loss_at_calls"] = min(lossy) if lossy else f"none up to {max(calls)}"
    figures["rounds"] = rounds
    return figures


def _show(rounds: list[dict[str, Any]]) -> None:
    """Print the rounds side by side."""
    columns = ("calls", "most_at_once", "keys_wrong", "calls_lost", "packets_lost")
    figures = ("cpu_ms_per_call_second", "cpu_ms_of_the_dialer", "pss_mb_per_call")
    table = Table(*(name.replace("_", " ") for name in columns + figures))
    for one in rounds:
        counts = [str(one[name]) for name in columns]
        table.add_row(*counts, *(f"{one[name]:.2f}" for name in figures))
    Console().print(table)
