"""Never twice, never lost: kills (-9) at random moments of a running batch."""

import asyncio
from pathlib import Path

from tests.kill import faults, kill, prepare


def test_twenty_kills_ring_nobody_twice_and_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'huifang.db'}"
    asyncio.run(prepare(url, 1200))
    kill(url, tmp_path, times=20, seed=20)
    wrong, figures = asyncio.run(faults(url, tmp_path))
    assert wrong == []
    # The kills did hit calls that were under way, and answers had been acknowledged before.
    assert figures["interrupted"] >= 5
    assert figures["answers"] >= 5


def test_the_same_on_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    asyncio.run(prepare(postgresql_url, 300))
    kill(postgresql_url, tmp_path, times=5, seed=5)
    wrong, figures = asyncio.run(faults(postgresql_url, tmp_path))
    assert wrong == []
    assert figures["interrupted"] >= 1
    assert figures["answers"] >= 1
