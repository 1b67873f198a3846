"""`huifang check`: everything a batch needs, looked at before it starts.

Each finding says what was looked at, whether it is good, and what to do where it is not. All are
looked at, whatever fails.
"""

import contextlib
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app import noticing, recognisers, surveys
from app.cloud import CloudLines
from app.gateways import text_gateways
from app.measuring import measured
from app.prompt_building import build
from app.scheduled import survey_faults, unit_faults
from app.sip_stack import sip_stack
from app.vocabulary import Words, hears, vocabulary
from app.web.readiness import web_server
from app.webhooks import webhooks
from app.wiring import abilities, database, opened, prompt_cache, sip_channel, sip_trunks, started
from config.loading import Loaded
from config.sections.trunks import TWILIO
from core.catalogue import text
from core.clock import SystemClock
from core.errors import HuifangError, Problem, TransientError, problem
from dialer.calendar import is_working_day, zone
from flows.reader import read
from ivr.channels.contract import TrunkHealth
from ivr.texting.contract import TextEvent
from speech.plan import How
from speech.prompts import PromptCache
from storage import notices

LEAST_FREE_BYTES = 1_000_000_000
"""A day of 10,000 calls with an open answer each needs about 300 MB."""
CALENDAR_DAYS = 30
"""Days ahead that the calendar must know."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    """``settings``, ``database``, ``disk``, ``calendar``, ``sip``, ``trunk``, ``gateway``,
    ``webhooks``, ``voice``, ``schedules``, ``mail``, ``speech``, ``survey``."""
    good: bool
    name: str = ""
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {"what": self.what, "name": self.name, "good": self.good, "detail": self.detail}


async def look(loaded: Loaded, now: datetime, language: str) -> AsyncIterator[Finding]:
    """Look at everything, one finding after another."""
    yield Finding("settings", True, str(loaded.folder))
    yield await _database(loaded, language)
    yield _disk(loaded.data, language)
    yield _calendar(loaded, now, language)
    async for finding in _trunks(loaded, language):
        yield finding
    async for finding in gateway_findings(loaded, language):
        yield finding
    async for finding in web_findings(loaded, language):
        yield finding
    cache = prompt_cache(loaded)
    for finding in _voices(loaded, cache, language):
        yield finding
    if loaded.settings.schedules:
        yield await _schedules(loaded, language)
    if noticing.is_on(loaded):
        yield await _mail(loaded, language)
    yield speech(loaded, language)
    try:
        async with started(recognisers.recogniser(loaded)) as words:
            for name, file in surveys.files(loaded).items():
                yield await _survey(name, file, loaded, cache, words, language)
    except HuifangError as error:
        yield Finding("speech", False, "", _said(error, language))


def _said(error: HuifangError, language: str) -> str:
    return "\n".join(error.sentences(language))


def _said_all(problems: list[Problem], language: str) -> list[str]:
    return HuifangError(*problems).sentences(language)


async def _database(loaded: Loaded, language: str) -> Finding:
    try:
        async with opened(loaded) as database:
            return Finding("database", True, database.name, str(await database.version()))
    except HuifangError as error:
        return Finding("database", False, "", _said(error, language))


def _disk(data: Path, language: str) -> Finding:
    folder = next(parent for parent in (data, *data.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    code = "check-disk-free" if free >= LEAST_FREE_BYTES else "check-disk-low"
    detail = text(
        code, language, free=f"{free / 1e9:.1f} GB", least=f"{LEAST_FREE_BYTES / 1e9:g} GB"
    )
    return Finding("disk", free >= LEAST_FREE_BYTES, str(data), detail)


def _calendar(loaded: Loaded, now: datetime, language: str) -> Finding:
    calling = loaded.settings.calling
    try:
        today = now.astimezone(zone(calling.time_zone)).date()
        for ahead in range(CALENDAR_DAYS):
            is_working_day(today + timedelta(days=ahead), calling.calendar)
    except HuifangError as error:
        return Finding("calendar", False, calling.calendar, _said(error, language))
    detail = text("check-calendar-known", language, days=CALENDAR_DAYS)
    return Finding("calendar", True, calling.calendar, detail)


async def _trunks(loaded: Loaded, language: str) -> AsyncIterator[Finding]:
    if sip_trunks(loaded) or not loaded.trunks:
        async for finding in _sip_trunks(loaded, language):
            yield finding
    async for finding in _cloud_trunks(loaded, language):
        yield finding


async def _sip_trunks(loaded: Loaded, language: str) -> AsyncIterator[Finding]:
    try:
        stack, channel = sip_stack(loaded), sip_channel(loaded, receives=False)
    except HuifangError as error:
        yield Finding("trunk", False, "", _said(error, language))
        return
    yield Finding("sip", True, stack.name, text(f"check-sip-{stack.name}", language))
    try:
        await channel.start()
        for health in await channel.check():
            yield _trunk(health, language)
    except HuifangError as error:
        yield Finding("trunk", False, "", _said(error, language))
    finally:
        await channel.close()


async def _cloud_trunks(loaded: Loaded, language: str) -> AsyncIterator[Finding]:
    """Ask the provider for our account of each line; nobody is called."""
    try:
        db, clock = database(loaded), SystemClock()
        cloud = CloudLines(loaded, db, clock, prompt_cache(loaded), language)
    except HuifangError as error:
        yield Finding("trunk", False, "", _said(error, language))
        return
    async with cloud.connected():
        for health in await cloud.check():
            yield _trunk(health, language, "check-cloud")


def _trunk(health: TrunkHealth, language: str, told: str = "check-trunk") -> Finding:
    """`told`: what the sentences' keys begin with."""
    good = health.reachable and health.registered is not False
    detail = text(
        f"{told}-{'answers' if good else 'silent'}",
        language,
        status=health.sip_status,
        milliseconds=f"{health.milliseconds:.0f}",
        detail=health.detail,
    )
    return Finding("trunk", good, health.trunk, detail)


def _voices(loaded: Loaded, cache: PromptCache, language: str) -> Iterator[Finding]:
    """Say who speaks each language."""
    for spoken in loaded.settings.voices:
        try:
            yield Finding("voice", True, spoken, cache.speaker_of(spoken))
        except HuifangError as error:
            yield Finding("voice", False, spoken, _said(error, language))


async def gateway_findings(loaded: Loaded, language: str) -> AsyncIterator[Finding]:
    """Connect to every text gateway; nothing is sent."""
    try:
        gateways = text_gateways(loaded, SystemClock())
    except HuifangError as error:
        yield Finding("gateway", False, "", _said(error, language))
        return
    for gateway in gateways:
        try:
            await gateway.start(_takes_nothing)
            wrong = await gateway.check()
        finally:
            await gateway.close()
        code = "check-gateway-silent" if wrong else "check-gateway-answers"
        yield Finding("gateway", not wrong, gateway.name, text(code, language, detail=wrong))


async def web_findings(loaded: Loaded, language: str) -> AsyncIterator[Finding]:
    """Look at the web server, where a provider is to be heard."""
    try:
        heard = [*webhooks(text_gateways(loaded, SystemClock()))]
        heard += [each.name for each in loaded.settings.trunks if each.driver == TWILIO]
        if heard and loaded.settings.web.monitor_port:
            good, detail = await web_server(loaded, language)
            yield Finding("webhooks", good, ", ".join(heard), detail)
    except HuifangError as error:
        yield Finding("webhooks", False, "", _said(error, language))


async def _takes_nothing(gateway: str, event: TextEvent) -> None:
    """Leave what comes in during a check where it is: the gateway keeps it and comes again."""
    del event
    raise TransientError(problem("gateway-not-started", name=gateway))


async def _schedules(loaded: Loaded, language: str) -> Finding:
    """Check what the schedules name: surveys, transfers, units."""
    faults = survey_faults(loaded)
    try:
        async with opened(loaded) as database:
            faults += await unit_faults(loaded, database)
    except HuifangError as error:
        faults += error.problems
    names = ", ".join(each.name for each in loaded.settings.schedules)
    return Finding("schedules", not faults, names, _said(HuifangError(*faults), language))


def speech(loaded: Loaded, language: str) -> Finding:
    """Check that what is spoken can be heard: in the languages of the surveys that schedules name
    and of the operator's own. The others only come with Huifang; they are refused when used."""
    own = loaded.path(loaded.settings.folders.surveys)
    scheduled = {schedule.survey for schedule in loaded.settings.schedules}
    wanted: set[str] = set()
    for name, file in surveys.files(loaded).items():
        if name in scheduled or file.is_relative_to(own):
            with contextlib.suppress(HuifangError):  # its own finding says what is wrong
                wanted |= recognisers.spoken_languages(read(file).flow)
    try:
        faults = recognisers.faults(loaded, wanted)
        heard = ", ".join(sorted(recognisers.chosen(loaded).languages))
    except HuifangError as error:
        return Finding("speech", False, "", _said(error, language))
    good = not any(fault.is_error for fault in faults)
    return Finding("speech", good, heard, _said(HuifangError(*faults), language))


async def _mail(loaded: Loaded, language: str) -> Finding:
    """Ask the mail server, and tell what it did not take so far."""
    server = noticing.mail_server(loaded)
    try:
        async with server.session():
            said = [text("check-mail-answers", language)]
        async with opened(loaded) as database, database.read() as session:
            counts = await notices.counts(session)
            last = await notices.listed(session, state="failed", limit=1)
    except HuifangError as error:
        return Finding("mail", False, server.name, _said(error, language))
    if counts.get("waiting"):
        said.append(text("check-mail-waiting", language, number=counts["waiting"]))
    if last:
        number, why = counts["failed"], last[0].error
        said.append(text("check-mail-failed", language, number=number, reason=why))
    return Finding("mail", not last, server.name, "\n".join(said))


async def _survey(
    name: str,
    file: Path,
    loaded: Loaded,
    cache: PromptCache,
    words: Words | None,
    language: str,
) -> Finding:
    """Check a survey and make all its prompts, the ones with case fields by their examples."""
    try:
        lengths = await measured(file, cache)
        survey = surveys.ready(
            file,
            measure=lengths.measure,
            sounds=lengths.sounds,
            abilities=abilities(loaded),
            transfers=surveys.transfers(loaded),
            hears=hears(loaded, () if words is None else words.languages),
            vocabulary=await vocabulary(file, words) if words is not None else None,
        )
        built = await build(cache, survey)
    except HuifangError as error:
        return Finding("survey", False, name, _said(error, language))
    made = Counter(each.how for each in built)
    detail = text(
        "check-prompts-made",
        language,
        number=len(built),
        recorded=made[How.RECORDED],
        joined=made[How.JOINED],
        voice=made[How.VOICE],
    )
    said = [detail, _by_voice(survey, words, language), *_said_all(lengths.doubts, language)]
    return Finding("survey", True, name, "\n".join(line for line in said if line))


def _by_voice(survey: surveys.ReadySurvey, words: Words | None, language: str) -> str:
    """Say in which of its languages a survey that listens is held by keys alone."""
    flow = survey.program.flow
    heard = frozenset() if words is None else words.languages
    deaf = [each for each in flow.languages if each not in heard]
    if not (flow.speech.enabled and deaf):
        return ""
    return text("check-keys-only", language, languages=", ".join(deaf))
