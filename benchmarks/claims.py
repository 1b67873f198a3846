"""Claims a second with a million callbacks waiting, on SQLite and PostgreSQL.

Two figures each: transactions that claim 20 at once, and transactions of one claim. Every claim
gathers its facts, asks the real calling policy, takes a start from the pacing, and is committed
durably (SQLite: synchronous FULL; PostgreSQL: its own defaults, fsync on). A tenth of those who
wait are retries whose time has just come; half as many again wait in front of all of them in a
batch that is paused. HUIFANG_BENCH_WAITING sets another number of people,
HUIFANG_BENCH_POSTGRESQL the URL of an empty database; without it a server is started.
"""

import asyncio
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text, update

from core.clock import Clock
from core.rules import CallingRules, PacingRules
from core.trunk import Trunk
from dialer.pacing import limits_of
from dialer.starting import claim_rules
from storage.claims import claim, notice_due
from storage.database import Database
from storage.recovery import sign_on
from storage.schema import Attempt
from storage.trunk_lanes import ensure_lanes
from tests.dialing.town import MORNING, DayClock, settle_many
from tests.peers.postgresql import server

WAITING = 1_000_000
SECONDS = 8.0
OPEN = 300
"""Calls that are open at most: then all of them end."""
TARGETS = {f"{kind}_claims_per_second": (">=", 200) for kind in ("sqlite", "postgresql")}


async def measure(database: Database, clock: Clock, most: int) -> tuple[float, float]:
    """Return claims a second, and CPU milliseconds of this process a claim, over SECONDS."""
    pacing = PacingRules(calls_per_second=1_000_000, channels=1_000_000)
    trunk = Trunk("line", "sip:127.0.0.1", calls_per_second=1_000_000, channels=1_000_000)
    limits = limits_of([trunk], pacing)
    rules = claim_rules(
        CallingRules(),
        limits,
        set(),
        horizon=timedelta(seconds=1),
        database_time=database.dialect == "postgresql",
        language="zh",
    )
    claimed = open_calls = 0
    noticed = 0.0
    began, cpu = time.monotonic(), time.process_time()
    while time.monotonic() - began < SECONDS:
        result = await claim(database, dialer="bench", rules=rules, clock=clock, most=most)
        claimed += len(result.claimed)
        open_calls += len(result.claimed)
        if open_calls >= OPEN:
            await _end_calls(database, clock)
            open_calls = 0
        if time.monotonic() - noticed > 1.0:  # as the dialer does
            await notice_due(database, clock.now())
            noticed = time.monotonic()
    seconds, worked = time.monotonic() - began, time.process_time() - cpu
    return claimed / seconds, 1000 * worked / max(1, claimed)


async def _end_calls(database: Database, clock: Clock) -> None:
    async with database.write() as session:
        await session.execute(
            update(Attempt)
            .where(Attempt.state == "open")
            .values(state="closed", disposition="completed", ended_at=clock.now())
        )


async def figures(url: str, name: str, waiting: int) -> dict[str, float]:
    """Fill a database and measure on it."""
    database, clock = Database(url), DayClock()
    await database.migrate()
    began = time.monotonic()
    await settle_many(database, waiting // 2, batch=2, state="paused", urgent=True)
    await settle_many(database, waiting)
    filled = time.monotonic() - began
    async with database.write() as session:
        await sign_on(session, "bench", MORNING)
        await ensure_lanes(session, ["line"])
    if database.dialect == "postgresql":  # what autovacuum does within a minute
        async with database.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("VACUUM ANALYZE"))
    found = {f"{name}_fill_seconds": round(filled, 1)}
    for what, most in (("claims", 20), ("single_claims", 1)):
        rate, cost = await measure(database, clock, most)
        found[f"{name}_{what}_per_second"] = round(rate, 1)
        found[f"{name}_{what}_cpu_ms"] = round(cost, 2)
    await database.close()
    return found


def run() -> dict[str, float]:
    """Measure on a SQLite file and on a PostgreSQL server."""
    waiting = int(os.environ.get("HUIFANG_BENCH_WAITING", WAITING))
    with tempfile.TemporaryDirectory(prefix="huifang-claims-") as folder:
        result = asyncio.run(figures(f"sqlite:///{Path(folder) / 'a.db'}", "sqlite", waiting))
    postgresql = os.environ.get("HUIFANG_BENCH_POSTGRESQL")
    if postgresql:
        result |= asyncio.run(figures(postgresql, "postgresql", waiting))
    else:
        with server({}) as url:
            own = url.format(database="postgres")
            result |= asyncio.run(figures(own, "postgresql", waiting))
    return {"callbacks_waiting": waiting, **result}
