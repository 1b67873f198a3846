"""A rehearsal: the real dialer and the real conversations, simulated people, virtual time.

Everything that decides is the real thing (policy, pacing, claims, surveys, retries, follow-up),
on a temporary database; only the telephone network is the dry-run driver. Nobody is called, and
the real database is only read.
"""

import asyncio
import gc
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from app import surveys
from app.calling import Calls
from app.rehearsed_city import found
from app.texting import TextSurveys, texting_rules
from app.wiring import dialer_rules
from config.loading import Loaded
from core.clock import VirtualClock
from core.errors import AuthorError, problem
from core.plan import VOICE, stored_plan
from core.trunk import Trunk
from dialer.batches import create_batch
from dialer.behind import BEAT
from dialer.running import Dialer, Tally
from dialer.texting.worker import TextWorker
from ivr.channels.dry_run import DryRunChannel
from ivr.conversation_rules import ConversationRules
from ivr.people.mix import Mix, usual_shares
from ivr.people.person import PEOPLE, Behaviour
from ivr.prompt_length import SilentPrompts
from ivr.texting.gateways.dry_run import DryRunGateway
from reports.rehearsal import Limits, RehearsalReport, report_of
from storage.batches import ask, batch_named
from storage.copying import copy_batch
from storage.database import Database
from storage.selection import CaseQuery

TEXT_POLL = 600.0
"""Virtual seconds between two looks at what the other channel left."""
LOOK = 0.5
"""Real seconds between two words about the progress."""
HORIZON = BEAT
"""Seconds ahead for which a claim of a rehearsal gives out starts: until the next claim."""
MOST_DAYS = 60
"""Virtual days after which a rehearsal ends in any case."""


@dataclass(frozen=True)
class Wanted:
    """What is to be rehearsed, and under which conditions."""

    seed: int = 1
    shares: Mapping[Behaviour, float] = field(default_factory=usual_shares)
    days: int = 0
    """Virtual days after which no call is begun any more; 0: until nobody waits."""
    channels: int = 0
    """Lines of the house; 0: as configured."""
    rate: float = 0.0
    """Calls a second of the house; 0: as configured."""
    keep: Path | None = None
    """Where the rehearsal's database is kept; None: nowhere."""


@dataclass(frozen=True)
class Look:
    """How far a rehearsal has come."""

    at: datetime
    """Virtual time."""
    calls: int
    calls_now: int


Show = Callable[[Look], None]


def shares_with(answer_rate: float) -> dict[Behaviour, float]:
    """Return the usual shares, scaled so that `answer_rate` (0 to 1) of all calls reach a person.

    Raises AuthorError where it is no share.
    """
    if not 0 <= answer_rate <= 1:
        raise AuthorError(problem("rehearsal-answer-rate", rate=answer_rate))
    usual = usual_shares()
    persons = {who for who in usual if PEOPLE[who].status == 200 and not PEOPLE[who].machine}
    picked_up = sum(share for who, share in usual.items() if who in persons)
    others = sum(usual.values()) - picked_up
    return {
        who: share * (answer_rate / picked_up if who in persons else (1 - answer_rate) / others)
        for who, share in usual.items()
    }


def shares_of(text: str) -> dict[Behaviour, float]:
    """Return shares written as ``satisfied=3,no_answer=5``. Raises AuthorError."""
    shares: dict[Behaviour, float] = {}
    for part in text.split(","):
        name, _, number = part.strip().partition("=")
        try:
            shares[Behaviour(name)] = float(number)
        except ValueError:
            known = ", ".join(Behaviour)
            raise AuthorError(problem("rehearsal-shares", part=part, known=known)) from None
    if min(shares.values()) < 0 or sum(shares.values()) <= 0:
        raise AuthorError(problem("rehearsal-shares", part=text, known=", ".join(Behaviour)))
    return shares


async def rehearse_city(
    loaded: Loaded,
    wanted: Wanted,
    *,
    callbacks: int,
    survey: str,
    first_day: date,
    show: Show | None = None,
) -> RehearsalReport:
    """Rehearse the callbacks of a made-up city, from the first calling hour of `first_day` on.

    `survey`: its name or file. Raises AuthorError: no such survey, or the shares are none.
    """
    rules = loaded.settings.calling.rules()
    start = datetime.combine(first_day, rules.hours_from, ZoneInfo(rules.time_zone))
    ready = surveys.ready(surveys.find(loaded, survey))
    clock = VirtualClock(start)

    async def fill(database: Database) -> int:
        language = ready.program.flow.languages[0]
        kind = next(iter(ready.program.flow.respondents), "emergency")
        await found(database, callbacks, respondent_class=kind, now=clock.now(), language=language)
        made = await create_batch(
            database,
            name="rehearsal",
            survey=replace(ready.facts, required=()),
            query=CaseQuery(),
            rules=rules,
            clock=clock,
        )
        return made.batch_id

    return await _rehearse(loaded, wanted, clock, fill, show)


async def rehearse_batch(
    loaded: Loaded,
    wanted: Wanted,
    real: Database,
    name: str,
    *,
    now: datetime,
    show: Show | None = None,
) -> RehearsalReport:
    """Rehearse those callbacks of an existing batch that still wait, from `now` on.

    `real` is only read. Raises AuthorError: no such batch, or nobody waits in it.
    """
    async with real.read() as session:
        batch = await batch_named(session, name)
    if batch is None:
        raise AuthorError(problem("run-unknown-batch", name=name))
    batch_id = batch.id
    rules = loaded.settings.calling.rules()

    async def fill(database: Database) -> int:
        if not await copy_batch(real, database, batch_id, now=now, history=rules.number_period):
            raise AuthorError(problem("rehearsal-nobody-waits", name=name))
        return batch_id

    return await _rehearse(loaded, wanted, VirtualClock(now), fill, show)


async def _rehearse(
    loaded: Loaded,
    wanted: Wanted,
    clock: VirtualClock,
    fill: Callable[[Database], Awaitable[int]],
    show: Show | None,
) -> RehearsalReport:
    loaded = _with(loaded, wanted)
    if wanted.keep is not None and wanted.keep.exists():
        raise AuthorError(problem("rehearsal-keep-exists", file=wanted.keep))
    began = clock.now()
    with tempfile.TemporaryDirectory(prefix="huifang-rehearsal-") as folder:
        url = f"sqlite:///{(wanted.keep or Path(folder) / 'rehearsal.db').absolute()}"
        database = Database(url, clock=clock, rehearsal=True)
        try:
            await database.migrate()
            batch_id = await fill(database)
            async with database.write() as session:
                batch = await batch_named(session, str(batch_id))
                assert batch is not None  # noqa: S101 - it was made just now
                if batch.state != "running":
                    await ask(session, batch, "start", by="rehearsal", now=clock.now())
            channels = stored_plan(batch.plan, batch.channel).channels
            calling = await _calling(
                loaded, wanted, database, clock, batch_id, Path(folder), alone=channels == {VOICE}
            )
            workers: list[Dialer | TextWorker] = [calling]
            if channels != {VOICE}:
                workers.append(await _writing(loaded, database, clock, batch_id))
            with _collecting_rarely():
                async with _time_passes(clock, calling, workers, wanted.days, show):
                    await asyncio.gather(*(one.run() for one in workers))
            settings = loaded.settings
            limits = Limits(
                channels=min(settings.pacing.channels, sum(t.channels for t in loaded.trunks)),
                calls_per_second=min(
                    settings.pacing.calls_per_second,
                    sum(t.calls_per_second for t in loaded.trunks),
                ),
                hours=f"{settings.calling.hours_from:%H:%M}-{settings.calling.hours_until:%H:%M}",
                time_zone=settings.calling.time_zone,
                line_rest=BEAT,
            )
            return await report_of(database, batch_id, since=began, limits=limits, seed=wanted.seed)
        finally:
            await database.close()


def _with(loaded: Loaded, wanted: Wanted) -> Loaded:
    """Return the settings with the limits that were asked for, and a trunk where none is."""
    pacing = loaded.settings.pacing
    given = {"channels": wanted.channels, "calls_per_second": wanted.rate}
    pacing = pacing.model_copy(update={name: value for name, value in given.items() if value})
    trunks = loaded.trunks
    if not trunks or wanted.channels or wanted.rate:
        # What is asked for is asked of trunks that allow it.
        trunks = (
            Trunk(
                "rehearsal",
                "sip:rehearsal.invalid",
                calls_per_second=pacing.calls_per_second,
                channels=pacing.channels,
            ),
        )
    settings = loaded.settings.model_copy(update={"pacing": pacing})
    return replace(loaded, settings=settings, trunks=trunks)


async def _calling(
    loaded: Loaded,
    wanted: Wanted,
    database: Database,
    clock: VirtualClock,
    batch_id: int,
    folder: Path,
    *,
    alone: bool,
) -> Dialer:
    """`alone`: nobody else makes callbacks due for a call."""
    channel = DryRunChannel(
        clock,
        mix=Mix(seed=wanted.seed, shares=dict(wanted.shares)),
        trunks=tuple(trunk.name for trunk in loaded.trunks),
    )
    transfers = {each.name: each.target for each in loaded.settings.transfers}
    calls = Calls(
        loaded,
        database,
        channel,
        SilentPrompts(),
        clock,
        loaded.trunks,
        rules=ConversationRules(recordings=folder / "recordings", transfers=transfers),
    )
    await calls.prepare([batch_id])
    await calls.remember(batch_id)
    rules = dialer_rules(loaded, loaded.settings.language)
    return Dialer(
        database,
        clock,
        calls,
        loaded.trunks,
        replace(rules, horizon=HORIZON, most=200, poll=86400.0 if alone else TEXT_POLL),
        batches=[batch_id],
        name="rehearsal",
    )


async def _writing(
    loaded: Loaded, database: Database, clock: VirtualClock, batch_id: int
) -> TextWorker:
    """Return what writes to simulated people, who write back as the last digit of the number says
    (`ivr.texting.people`)."""
    surveys = TextSurveys(loaded, database)
    await surveys.prepare([batch_id])
    rates = [each.messages_per_second for each in loaded.settings.text_gateways]
    gateway = DryRunGateway("rehearsal", clock, messages_per_second=max(rates, default=10.0))
    rules = replace(
        texting_rules(loaded, loaded.settings.language), poll=TEXT_POLL, beat=BEAT, at_once=5000
    )
    return TextWorker(database, clock, [gateway], surveys, rules, batches=[batch_id])


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Look for garbage rarely: a rehearsal makes millions of objects that counting frees, and a
    sixth of its time went into looking among them for others.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@asynccontextmanager
async def _time_passes(
    clock: VirtualClock,
    calling: Dialer,
    workers: Sequence[Dialer | TextWorker],
    days: int,
    show: Show | None,
) -> AsyncIterator[None]:
    async def close_of_play() -> None:
        await clock.sleep(timedelta(days=days or MOST_DAYS).total_seconds())
        for one in workers:
            one.drain()

    async def tell() -> None:
        while show is not None:
            await asyncio.sleep(LOOK)
            show(_look(clock, calling.tally))

    beside = [asyncio.create_task(work) for work in (clock.drive(), close_of_play(), tell())]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        for task in beside:
            with suppress(asyncio.CancelledError):
                await task


def _look(clock: VirtualClock, tally: Tally) -> Look:
    return Look(clock.now(), sum(tally.dispositions.values()), tally.calls_now)
