"""Kill `huifang serve` at random moments while providers tell it things: nothing told is lost.

    python -m tests.web.kill --times 200 [--postgresql]

Replies and reports come at a rate over several connections, each again until it is answered, now
and then once more. What was answered with 2xx stands in the file `told`.
"""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from app.main import main
from storage.database import Database
from storage.schema import TextMessage
from storage.texting.delivery import PARTS
from tests.killing import Found, append, command, forked, kill_often, lines
from tests.peers.serving import Serving
from tests.peers.telling import SECRET, Telling, Told

RATE = 50.0
HOUSE = """\
database: {{url: "{url}"}}
folders: {{data: .}}
text_gateways:
  - name: kannel
    driver: http
    description: kannel
    values: {{address: "http://127.0.0.1:9"}}
    secrets: {{username: {{env: T_HOOK}}, password: {{env: T_HOOK}}, hook: {{env: T_HOOK}}}}
"""


def one_life(folder: Path) -> None:
    """Be `huifang serve`."""
    with (folder / "house.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ["T_HOOK"] = SECRET
    sys.argv = ["huifang", "-c", str(folder / "huifang.yaml"), "serve"]
    main()


async def prepare(url: str, _people: int) -> None:
    """Make the tables."""
    database = Database(url)
    await database.migrate()
    await database.close()


def kill(url: str, folder: Path, times: int, seed: int) -> None:
    """Start the house and kill it, `times` times, while it is told things all the time."""
    asyncio.run(_told_while_killed(url, folder, times, seed))


async def _told_while_killed(url: str, folder: Path, times: int, seed: int) -> None:
    house, told = Serving(folder, HOUSE.format(url=url)), folder / "told"
    gateway = Telling(f"{house.url}/hooks/kannel", RATE, lambda one: append(told, str(one.number)))
    telling = asyncio.create_task(gateway.tell())
    await asyncio.to_thread(kill_often, lambda: forked(one_life, folder), [told], times, seed, 1.0)
    # What is left comes to a last life, which also deals with all of it.
    last = forked(one_life, folder)
    last.start()
    gateway.enough()
    await telling
    await _dealt(url)
    last.terminate()
    await asyncio.to_thread(last.join)
    append(folder / "refused", str(gateway.refused))


async def faults(url: str, folder: Path) -> Found:
    """Return what is wrong with what is kept, and how much was looked at."""
    database = Database(url)
    async with database.read() as session:
        texts = [*await session.execute(select(TextMessage.gateway_id, TextMessage.text))]
        parts = Counter(await session.scalars(select(PARTS.c.gateway_id)))
    await database.close()
    kept = Counter(own for own, _ in texts)
    wrong = [f"kept {n} times: {own}" for own, n in (kept + parts).items() if n > 1]
    words = dict(texts)
    told = [Told(int(line)) for line in lines(folder / "told")]
    for one in told:
        if one.id not in (kept if one.is_reply else parts):
            wrong.append(f"lost: {one.id}")
        if one.is_reply and words.get(one.id) != one.text:
            wrong.append(f"mixed up: {one.id} {words.get(one.id)}")
    figures = {
        "answered": len(told),
        "replies": len(kept),
        "reports": len(parts),
        "not_answered": len(kept) + len(parts) - len(told),
        "refused": sum(map(int, lines(folder / "refused"))),
    }
    return wrong, figures


async def _dealt(url: str) -> None:
    """Wait until the house has looked at every reply."""
    database = Database(url)
    waiting = select(func.count()).where(TextMessage.state == "received")
    async with asyncio.timeout(120):
        while True:
            async with database.read() as session:
                if not await session.scalar(waiting):
                    break
            await asyncio.sleep(0.1)  # another process does it: there is no event here
    await database.close()


if __name__ == "__main__":
    sys.exit(command("tests.web.kill", __doc__, 0, prepare, kill, faults))
