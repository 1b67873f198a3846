"""What the tests share that kill a process (-9) at random moments of its work.

Each life is a process of its own, forked from a server that has imported everything, so that it is
the work that is killed and not the start of Python. What a life did is told by files outside the
database, each line of them synced: they outlive it.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.peers.postgresql import server

IMPORTED = ["app.main", "tests.dialing.town", "tests.texting.town"]
PATIENCE = 60.0
"""Seconds for a life to do what it is killed after."""
Found = tuple[list[str], dict[str, int]]
"""What is wrong, and how much was looked at."""


def append(file: Path, line: str) -> None:
    """Write a line that survives whatever becomes of this process."""
    with file.open("a", encoding="utf-8") as log:
        log.write(line + "\n")
        log.flush()
        os.fsync(log.fileno())


def lines(file: Path) -> list[str]:
    """Return what was written so far."""
    return file.read_text("utf-8").splitlines() if file.exists() else []


def first_life(folder: Path) -> datetime:
    """Return when the first life in this folder began."""
    began = folder / "began"
    with contextlib.suppress(FileExistsError), began.open("x"):
        pass
    return datetime.fromtimestamp(began.stat().st_mtime, UTC)


def forked(target: Callable[..., None], *given: Any) -> Any:
    """Return a process, not started yet, that runs `target` soon after its start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context.Process(target=target, args=given)


def kill_often(
    life: Callable[[], Any], files: Sequence[Path], times: int, seed: int, longest: float = 0.5
) -> None:
    """Start a `life` and kill it, `times` times, at random moments.

    Mostly soon after a line came into one of the `files` (at the most `longest` seconds later),
    now and then before it did anything.
    """
    dice = random.Random(seed)
    for file in files:
        file.touch()
    for _ in range(times):
        file = dice.choices([*files, None], [*range(2, 2 + len(files)), 1])[0]
        before = 0 if file is None else file.stat().st_size
        process = life()
        process.start()
        deadline = time.monotonic() + PATIENCE
        while file is not None and file.stat().st_size == before and process.is_alive():
            if time.monotonic() > deadline:
                break
            time.sleep(0.005)
        time.sleep(dice.uniform(0.0, longest))
        process.kill()
        process.join()


def command(
    module: str,
    description: str | None,
    people: int,
    prepare: Callable[[str, int], Awaitable[None]],
    kill: Callable[[str, Path, int, int], None],
    faults: Callable[[str, Path], Awaitable[Found]],
) -> int:
    """Kill as often as the command line says and tell what came of it; the exit status.

    `people`: how many are prepared for each kill.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true", help="on a server started for it")
    chosen = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="huifang-kill-")))
        url = f"sqlite:///{folder / 'huifang.db'}"
        if chosen.postgresql:
            url = stack.enter_context(server()).format(database="postgres")
        asyncio.run(prepare(url, chosen.times * people))
        kill(url, folder, chosen.times, chosen.seed)
        wrong, figures = asyncio.run(faults(url, folder))
    sys.stdout.write(f"{chosen.times} kills, {figures}\n" + "".join(f"{one}\n" for one in wrong))
    return 1 if wrong else 0
