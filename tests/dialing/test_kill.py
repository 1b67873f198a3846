"""Never twice, never lost: kills (-9) at random moments of a running batch."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.kill import faults, kill_often, prepare


WORLDS = 4
"""Databases whose dialers live and die beside each other: waiting for disks costs no time then."""


def test_twenty_kills_ring_nobody_twice_and_lose_nothing(tmp_path: Path) -> None:
    def five(world: int) -> tuple[list[str], dict[str, int]]:
        folder = tmp_path / str(world)
        folder.mkdir()
        url = f"sqlite:///{folder / 'huifang.db'}"
        asyncio.run(prepare(url, 300))
        kill_often(url, folder, times=20 // WORLDS, seed=world)
        return asyncio.run(faults(url, folder))

    with ThreadPoolExecutor(WORLDS) as worlds:
        found = list(worlds.map(five, range(WORLDS)))
    assert [wrong for wrong, _ in found] == [[]] * WORLDS
    # The kills did hit calls that were under way, and answers had been acknowledged before.
    assert sum(figures["interrupted"] for _, figures in found) > 10
    assert sum(figures["answers"] for _, figures in found) > 50


def test_the_same_on_postgresql(tmp_path: Path, postgresql: str) -> None:
    url = postgresql.format(database="postgres")
    asyncio.run(prepare(url, 300))
    kill_often(url, tmp_path, times=5, seed=5)
    wrong, figures = asyncio.run(faults(url, tmp_path))
    assert wrong == []
    assert figures["interrupted"] > 2
    assert figures["answers"] > 10
