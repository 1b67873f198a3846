"""A conversation comes to the same over every driver: the same people, the same survey, the same
dispositions, verdicts, answers and follow-up items."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from app import voice_run
from app.calling import Calls, dialer
from config.loading import load
from core.clock import VirtualClock
from core.disposition import Disposition
from ivr.channels.dry_run import DryRunChannel
from ivr.conversation_rules import ConversationRules
from ivr.people.directory import behaviour_of, person_of
from ivr.people.person import BY_LAST_DIGIT, EXPECTED, Behaviour, Person
from ivr.people.sip.endpoint import SipPeople
from ivr.prompt_length import SilentPrompts
from storage.database import Database
from tests.cloud.house import Kept, house, look, people, settings
from tests.dialing.town import MORNING, DayClock
from tests.peers.ports import rtp_ports
from tests.peers.twilio_voice import TwilioVoice

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
SIP = """\
folders: {{data: .}}
calling: {{tries: 1}}
pacing: {{calls_per_second: 10, channels: 20}}
sip: {{stack: {stack}, rtp_ports: {ports}}}
trunks:
  - {{name: people, uri: "sip:127.0.0.1:{port}", caller_id: "01012345678", calls_per_second: 10,
     channels: 20}}
"""
NUMBERS = {
    Behaviour(behaviour_of(ending)): f"+8613800000{ending.zfill(3)}" for ending in BY_LAST_DIGIT
}


@dataclass(frozen=True)
class CameTo:
    """What is kept of one person."""

    disposition: str
    verdict: str | None
    answers: tuple[tuple[str, str, str, str | None], ...]
    """Step, kind, label (of a recording: none, it is its length), verdict; in their order."""
    follow_up: tuple[str, ...]


async def over_the_dry_run(folder: Path) -> Kept:
    """Call everybody in virtual time."""
    clock = VirtualClock(MORNING)
    url = f"sqlite:///{folder / 'dry-run.db'}"
    database = Database(url, clock=clock, rehearsal=True)
    try:
        await database.migrate()
        await people(database, list(NUMBERS.values()))
        loaded = settings(folder, "https://house.example", "https://api.example")
        channel = DryRunChannel(clock, trunks=tuple(trunk.name for trunk in loaded.trunks))
        rules = ConversationRules(recordings=folder / "recordings")
        calls = Calls(loaded, database, channel, SilentPrompts(), clock, loaded.trunks, rules=rules)
        await calls.prepare(None)
        calling = dialer(loaded, database, channel, calls, clock, language="en")
        time = asyncio.create_task(clock.drive())
        try:
            await calling.run()
        finally:
            time.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await time
        return await look(database)
    finally:
        await database.close()


async def over_the_cloud(folder: Path) -> Kept:
    """Call everybody by the provider, over real HTTP."""
    database = Database(f"sqlite:///{folder / 'cloud.db'}")
    try:
        await database.migrate()
        await people(database, list(NUMBERS.values()))
        async with house(database, folder, TwilioVoice()) as cloud:
            kept = await cloud.call_all()
        assert cloud.api.faults == []
        return kept
    finally:
        await database.close()


async def over_sip(folder: Path, stack: str) -> Kept:
    """Call everybody over real SIP and RTP."""
    database = Database(f"sqlite:///{folder / 'sip.db'}")
    called, ports = SipPeople(people=quickly), rtp_ports()
    await called.start()
    (folder / "huifang.yaml").write_text(
        SIP.format(port=called.port, stack=stack, ports=[ports.rtp_from, ports.rtp_until]), "utf-8"
    )
    try:
        await database.migrate()
        await people(database, list(NUMBERS.values()))
        known, clock = load(folder / "huifang.yaml", {}), DayClock()
        voice = await voice_run.prepared(known, database, clock, None, "en", until_done=True)
        async with voice.on_the_line(), asyncio.timeout(240):
            await voice.dialer.run()
        return await look(database)
    finally:
        await called.close()
        await database.close()


def quickly(number: str) -> Person:
    """Return who answers there: he is not rung for long."""
    person = person_of(number)
    return replace(person, rings=min(person.rings, 0.5))


def came_to(kept: Kept) -> dict[Behaviour, CameTo]:
    """Return what became of everybody."""
    found = {}
    for who, number in NUMBERS.items():
        attempt = kept.of(number)
        found[who] = CameTo(
            attempt.disposition or "",
            attempt.verdict,
            tuple(
                (one.step, one.kind, "" if one.kind == "recording" else one.label, one.verdict)
                for one in sorted(kept.answers, key=lambda answer: answer.position)
                if one.attempt_id == attempt.id
            ),
            tuple(one.reason for one in kept.items if one.callback_id == attempt.callback_id),
        )
    return found


WAYS: dict[str, Callable[[Path], Awaitable[Kept]]] = {
    "dry_run": over_the_dry_run,
    "cloud": over_the_cloud,
    "pjsua2": partial(over_sip, stack="pjsua2"),
    "pyvoip": partial(over_sip, stack="pyvoip"),
}
TELLS_LESS = {"cloud"}
"""Does not pass on why a phone was not reached (Q.850)."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=sorted(WAYS))
async def held(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[Behaviour, CameTo]]:
    """What became of everybody, by one driver."""
    return request.param, came_to(await WAYS[request.param](tmp_path_factory.mktemp("way")))


async def test_everybody_comes_to_what_he_should(
    held: tuple[str, dict[Behaviour, CameTo]],
) -> None:
    way, everybody = held
    for who, seen in everybody.items():
        should = EXPECTED[who].disposition
        if who is Behaviour.SWITCHED_OFF and way in TELLS_LESS:
            should = Disposition.NO_ANSWER
        assert (who, seen.disposition) == (who, should)
        assert (who, seen.verdict) == (who, EXPECTED[who].verdict)


async def test_the_same_is_kept_of_everybody(
    held: tuple[str, dict[Behaviour, CameTo]], tmp_path: Path
) -> None:
    way, everybody = held
    rehearsed = came_to(await over_the_dry_run(tmp_path))
    assert len(rehearsed[Behaviour.DISSATISFIED].answers) > 1
    for who in Behaviour:
        if who is not Behaviour.SWITCHED_OFF or way not in TELLS_LESS:
            assert (who, everybody[who]) == (who, rehearsed[who])
