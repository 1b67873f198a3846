"""50 requests of a provider a second for a minute, taken by `huifang serve` on PostgreSQL.

Half are replies of people, half delivery reports, over 8 connections, a tenth of them told twice.
Each is answered once it is committed (PostgreSQL's own defaults, fsync on); beside it the house
deals with the replies. HUIFANG_BENCH_SECONDS sets another length, HUIFANG_BENCH_RATE another rate.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from benchmarks.sip_load import cpu_seconds
from tests.killing import append
from tests.peers.postgresql import server
from tests.peers.serving import Serving
from tests.peers.telling import SECRET, Telling
from tests.web.kill import HOUSE, faults, prepare

SECONDS = 60
RATE = 50.0
TARGETS = {
    "lost": ("<=", 0),
    "answered_per_second": (">=", 49.0),
    "milliseconds_95_percent": ("<=", 250.0),
}


def run() -> dict[str, object]:
    """Tell it for a minute, then count what is kept."""
    with (
        tempfile.TemporaryDirectory(prefix="huifang-webhooks-") as folder,
        server({}) as url,
    ):
        return asyncio.run(_run(Path(folder), url.format(database="postgres")))


async def _run(folder: Path, url: str) -> dict[str, object]:
    seconds = float(os.environ.get("HUIFANG_BENCH_SECONDS", SECONDS))
    rate = float(os.environ.get("HUIFANG_BENCH_RATE", RATE))
    await prepare(url, 0)
    told: list[int] = []
    async with Serving(folder, HOUSE.format(url=url), {"T_HOOK": SECRET}) as house:
        gateway = Telling(f"{house.url}/hooks/kannel", rate, lambda one: told.append(one.number))
        used, began = cpu_seconds([house.pid]), time.monotonic()
        await gateway.tell(round(seconds * rate))
        took = time.monotonic() - began
        used = cpu_seconds([house.pid]) - used
        await house.drain()
    for number in told:
        append(folder / "told", str(number))
    wrong, figures = await faults(url, folder)
    requests = len(gateway.seconds)
    return {
        "answered": len(told),
        "answered_per_second": len(told) / took,
        "lost": len(wrong),
        "not_2xx": gateway.refused,
        "milliseconds_median": 1000 * median(gateway.seconds),
        "milliseconds_95_percent": 1000 * quantiles(gateway.seconds, n=20)[-1],
        "cpu_ms_each": 1000 * used / requests,
        "kept": figures["replies"] + figures["reports"],
    }
