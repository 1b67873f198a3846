"""A city's day of 10,000 callbacks with all their retries, rehearsed: seconds, and what came of it.

The limits are those of one city (100 lines, 5 calls a second), the people the usual mix.
"""

import asyncio
import os
import time
from datetime import date

from app.rehearsal import Wanted, rehearse_city
from config.loading import load

CALLBACKS = 10_000
FIRST_DAY = date(2026, 3, 2)
TARGETS = {"seconds": ("<=", 60.0)}


def run() -> dict[str, object]:
    """Rehearse once; the report is counted in the seconds."""
    callbacks = int(os.environ.get("HUIFANG_BENCH_CALLBACKS", CALLBACKS))
    wanted = Wanted(channels=100, rate=5.0)
    began, worked = time.monotonic(), time.process_time()
    report = asyncio.run(
        rehearse_city(
            load(None),
            wanted,
            callbacks=callbacks,
            survey="emergency-aspects",
            first_day=FIRST_DAY,
        )
    )
    return {
        "callbacks": report.callbacks,
        "attempts": report.attempts,
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(time.process_time() - worked, 1),
        "lines_peak": report.lines_peak,
        "starts_peak": report.starts_peak,
        "report": report.as_json(),
    }
