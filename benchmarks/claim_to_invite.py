"""Milliseconds from the claim to the INVITE at 20 calls a second, in real time.

The whole dialer with its policy, pacing and group commit over a simulated line: what is measured
is the time between an attempt's `claimed_at` and the moment at which its call is handed to the
channel. (`sip_load` measures the same over real SIP lines.)
"""

import asyncio
import statistics
import tempfile
from pathlib import Path

from sqlalchemy import select

from core.disposition import Disposition
from core.rules import PacingRules
from core.trunk import Trunk
from core.verdict import Verdict
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from ivr.outcome import Outcome
from storage.claims import Claimed
from storage.database import Database
from storage.schema import Attempt
from tests.dialing.town import DayClock, settle
from tests.peers.postgresql import server

RATE = 20.0
SECONDS = 20
HELD = 5.0
TARGETS = {f"{kind}_median_claim_to_invite_ms": ("<=", 50) for kind in ("sqlite", "postgresql")}


async def figures(url: str, name: str) -> dict[str, float]:
    """Call for SECONDS on one database."""
    clock, database = DayClock(), Database(url)
    await database.migrate()
    await settle(database, int(RATE * SECONDS))

    async def hold(_: Claimed, journal: AttemptJournal) -> Outcome:
        at = clock.now()
        await journal.dialed(at)
        await journal.answered(clock.now())
        await asyncio.sleep(HELD)
        return Outcome(Disposition.COMPLETED, clock.now(), verdict=Verdict.SATISFIED, dialed_at=at)

    trunk = Trunk("line", "sip:127.0.0.1", calls_per_second=RATE, channels=500)
    rules = DialerRules(pacing=PacingRules(calls_per_second=RATE, channels=500))
    tally = await Dialer(database, clock, hold, (trunk,), rules).run()
    async with database.read() as session:
        rows = (await session.execute(select(Attempt.claimed_at, Attempt.dialed_at))).all()
    await database.close()
    took = sorted((dialed - claimed).total_seconds() * 1000 for claimed, dialed in rows)
    starts = sorted(dialed for _, dialed in rows)
    seconds = (starts[-1] - starts[0]).total_seconds()
    crowd = int(RATE)
    return {
        f"{name}_median_claim_to_invite_ms": round(statistics.median(took), 1),
        f"{name}_p95_claim_to_invite_ms": round(took[int(len(took) * 0.95)], 1),
        f"{name}_calls_per_second": round(len(starts) / seconds, 2),
        f"{name}_late_calls": tally.late,
        f"{name}_shortest_seconds_of_{crowd + 1}_calls": round(
            min((b - a).total_seconds() for a, b in zip(starts, starts[crowd:], strict=False)),
            3,
        ),
    }


def run() -> dict[str, float]:
    """Measure on a SQLite file and on a PostgreSQL server."""
    with tempfile.TemporaryDirectory(prefix="huifang-pace-") as folder:
        result = asyncio.run(figures(f"sqlite:///{Path(folder) / 'a.db'}", "sqlite"))
    with server({}) as url:
        result |= asyncio.run(figures(url.format(database="postgres"), "postgresql"))
    return result
