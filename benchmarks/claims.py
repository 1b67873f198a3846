"""Claims a second with a million callbacks waiting, on SQLite and PostgreSQL.

Two figures each: transactions that claim 20 at once, and transactions of one claim. Every claim
gathers its facts, asks the real calling policy, takes a start from the pacing, and commits.
"""

import asyncio
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from core.rules import CallingRules, PacingRules
from core.trunk import Trunk
from dialer.pacing import limits_of
from dialer.starting import claim_rules
from storage.claims import claim
from storage.database import Database
from storage.recovery import sign_on
from tests.dialing.town import MORNING, settle
from tests.kill import DayClock

WAITING = 1_000_000
SECONDS = 8.0
TARGETS = {
    "sqlite_claims_per_second": (">=", 200),
    "postgresql_claims_per_second": (">=", 200),
}


async def measure(database: Database, most: int) -> float:
    """Return claims a second over SECONDS."""
    clock = DayClock()
    pacing = PacingRules(calls_per_second=1000, channels=1_000_000)
    trunk = Trunk("line", "sip:127.0.0.1", calls_per_second=1_000_000, channels=1_000_000)
    limits = limits_of([trunk], pacing)
    rules = claim_rules(
        CallingRules(),
        limits,
        set(),
        horizon=timedelta(days=1),
        database_time=False,
        language="zh",
    )
    began, claimed = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        result = await claim(database, dialer="bench", rules=rules, clock=clock, most=most)
        claimed += len(result.claimed)
    return claimed / (time.monotonic() - began)


async def figures(url: str, name: str, waiting: int) -> dict[str, float]:
    """Fill a database and measure on it."""
    database = Database(url)
    await database.migrate()
    await settle(database, waiting, now=MORNING - timedelta(hours=1))
    async with database.write() as session:
        await sign_on(session, "bench", MORNING)
    found = {
        f"{name}_claims_per_second": round(await measure(database, 20), 1),
        f"{name}_single_claims_per_second": round(await measure(database, 1), 1),
    }
    await database.close()
    return found


def run() -> dict[str, float]:
    """Measure on a SQLite file and, where HUIFANG_BENCH_POSTGRESQL names one, on PostgreSQL."""
    waiting = int(os.environ.get("HUIFANG_BENCH_WAITING", WAITING))
    with tempfile.TemporaryDirectory(prefix="huifang-claims-") as folder:
        result = asyncio.run(figures(f"sqlite:///{Path(folder) / 'a.db'}", "sqlite", waiting))
    postgresql = os.environ.get("HUIFANG_BENCH_POSTGRESQL")
    if postgresql:
        result |= asyncio.run(figures(postgresql, "postgresql", waiting))
    return {"callbacks_waiting": waiting, **result}
