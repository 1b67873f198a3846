"""`huifang serve` is killed (-9) at random moments while providers tell it things."""

import asyncio
from pathlib import Path

import pytest

from tests.web.kill import faults, kill, prepare

pytestmark = pytest.mark.live


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_four_kills_lose_nothing_that_was_answered(database_url: str, tmp_path: Path) -> None:
    asyncio.run(prepare(database_url, 0))
    kill(database_url, tmp_path, times=4, seed=4)
    wrong, figures = asyncio.run(faults(database_url, tmp_path))
    assert wrong == []
    # It was told things all the time; what came while it was dead came again until it was heard.
    assert figures["answered"] >= 50
    assert figures["not_answered"] == 0
