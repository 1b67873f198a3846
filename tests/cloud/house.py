"""A house whose only trunk is a line of the simulated provider: the product's own parts, put
together as `huifang serve` does, in the test's process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from app.calling import Calls, dialer
from app.cloud import CloudLines
from app.lines import Lines
from app.wiring import prompt_cache
from config.loading import Loaded, load
from dialer.running import Dialer
from flows.reader import read_text
from storage.database import Database
from storage.schema import (
    Answer,
    Attempt,
    Callback,
    CloudCall,
    CloudRecording,
    FlowVersion,
    FollowUpItem,
)
from tests.dialing.town import DayClock, settle
from tests.peers.twilio_api import ACCOUNT, TOKEN
from tests.peers.twilio_voice import CALLER, TwilioVoice
from tests.peers.web_hooks import HookServer

_GOLDEN = Path(__file__).parent.parent / "golden" / "surveys" / "overall.yaml"
SURVEY = (
    _GOLDEN.read_text("utf-8")
    .replace("fields:\n  accepted_on: {type: text, example: 3月2日}\n", "")
    .replace("您于{{ accepted_on }}报过警", "您报过警")
)
"""The golden survey, for people of whom no case is known."""
SETTINGS = """\
folders: {{data: .}}
calling: {{tries: 1}}
pacing: {{calls_per_second: 100, channels: 50}}
{more}
trunks:
  - name: cloud
    driver: twilio
    account_sid: {account}
    auth_token_env: T_TOKEN
    caller_id: "{caller}"
    calls_per_second: {rate}
    channels: 50
    public_url: "{url}"
    api_url: "{api}"
    {trunk}
"""


@dataclass
class Kept:
    """What the database knows of the calls."""

    attempts: list[Attempt] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    calls: list[CloudCall] = field(default_factory=list)
    recordings: list[CloudRecording] = field(default_factory=list)
    items: list[FollowUpItem] = field(default_factory=list)

    def of(self, number: str) -> Attempt:
        """Return the only attempt at a number."""
        [found] = [one for one in self.attempts if one.e164 == number]
        return found

    def closed(self, number: int) -> bool:
        """Say whether so many attempts are closed."""
        return [one.state for one in self.attempts] == ["closed"] * number

    def said(self, number: str) -> dict[str, Answer]:
        """Return what was answered there, by step."""
        attempt = self.of(number)
        return {one.step: one for one in self.answers if one.attempt_id == attempt.id}


@dataclass
class CloudHouse:
    """The parts that a test looks at."""

    loaded: Loaded
    database: Database
    clock: DayClock
    api: TwilioVoice
    server: HookServer
    lines: CloudLines
    dialer: Dialer

    async def kept(self) -> Kept:
        """Look at everything."""
        return await look(self.database)

    async def when(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds`: for what is shown by figures only."""
        async with asyncio.timeout(30):
            while not holds():  # noqa: ASYNC110 - figures, not events
                await asyncio.sleep(0.02)

    async def call_all(self) -> Kept:
        """Call everybody, and see what is kept."""
        await self.dialer.run()
        await self.api.all_over()
        return await self.kept()


async def look(database: Database) -> Kept:
    """Return everything that a database knows of the calls."""
    kept = Kept()
    async with database.read() as session:
        for table, into in (
            (Attempt, kept.attempts),
            (Callback, kept.callbacks),
            (Answer, kept.answers),
            (CloudCall, kept.calls),
            (CloudRecording, kept.recordings),
            (FollowUpItem, kept.items),
        ):
            first = next(iter(table.__table__.primary_key))
            into += list(await session.scalars(select(table).order_by(first)))
    return kept


async def everything(
    database: Database, holds: Callable[[Kept], bool], seconds: float = 30
) -> Kept:
    """Look until it `holds`: another process writes, there is no event here."""
    async with asyncio.timeout(seconds):
        while not holds(seen := await look(database)):  # noqa: ASYNC110 - rows
            await asyncio.sleep(0.1)
    return seen


def settings(
    folder: Path, url: str, api: str, *, more: str = "", trunk: str = "", rate: float = 100.0
) -> Loaded:
    """Write the settings of the house and read them."""
    file = folder / "huifang.yaml"
    file.write_text(
        SETTINGS.format(
            account=ACCOUNT, caller=CALLER, url=url, api=api, more=more, trunk=trunk, rate=rate
        ),
        "utf-8",
    )
    return load(file, {"T_TOKEN": TOKEN})


async def people(database: Database, numbers: Sequence[str], source: str = SURVEY) -> None:
    """Make a running batch with a survey."""
    await settle(database, len(numbers), numbers=list(numbers), source=source)
    file = read_text(source, "survey.yaml")
    async with database.write() as session:
        await session.execute(
            update(FlowVersion).values(name=file.flow.flow, sha256=file.sha256, source=source)
        )


@contextlib.asynccontextmanager
async def house(
    database: Database,
    folder: Path,
    api: TwilioVoice,
    *,
    more: str = "",
    trunk: str = "",
    rate: float = 100.0,
    **dialing: Any,
) -> AsyncIterator[CloudHouse]:
    """Be at work: the web server of the webhooks, the lines, a dialer that is not run yet."""
    async with api, HookServer() as server:
        loaded = settings(folder, server.url, api.url, more=more, trunk=trunk, rate=rate)
        clock = DayClock()
        prompts = prompt_cache(loaded)
        lines = CloudLines(loaded, database, clock, prompts, "en")
        for name, hook in lines.hooks.items():
            server.hooks[name] = hook
        channel = Lines(loaded, None, lines)
        calls = Calls(loaded, database, channel, prompts, clock, loaded.trunks, cloud=lines)
        await calls.prepare(None)
        calling = dialer(loaded, database, channel, calls, clock, language="en", **dialing)
        async with lines.open():
            yield CloudHouse(loaded, database, clock, api, server, lines, calling)
