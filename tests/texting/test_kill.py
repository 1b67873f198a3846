"""A worker of text messages is killed (-9) at random moments of its work."""

import asyncio
from pathlib import Path

from tests.texting.kill import faults, kill, prepare


def test_ten_kills_lose_no_reply_and_send_nothing_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'huifang.db'}"
    asyncio.run(prepare(url, 300))
    kill(url, tmp_path, times=10, seed=10)
    wrong, figures = asyncio.run(faults(url, tmp_path))
    assert wrong == []
    # The kills did hit messages that were under way, and replies had been acknowledged before.
    assert figures["uncertain"] >= 1
    assert figures["answers"] >= 100


def test_the_same_on_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    asyncio.run(prepare(postgresql_url, 150))
    kill(postgresql_url, tmp_path, times=4, seed=4)
    wrong, figures = asyncio.run(faults(postgresql_url, tmp_path))
    assert wrong == []
    assert figures["answers"] >= 50
