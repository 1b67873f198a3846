"""A house with a SIP trunk and a cloud line: one batch, called over both at the same time."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app import voice_run
from app.cloud import CloudLines
from app.wiring import prompt_cache
from core.disposition import Disposition
from ivr.people.directory import behaviour_of, person_of
from ivr.people.person import BY_LAST_DIGIT, EXPECTED, Behaviour, Person
from ivr.people.sip.endpoint import SipPeople
from storage.database import Database
from tests.cloud.house import look, people, settings
from tests.dialing.town import DayClock
from tests.peers.ports import rtp_ports
from tests.peers.twilio_voice import TwilioVoice
from tests.peers.web_hooks import HookServer

pytestmark = pytest.mark.live
EVERYBODY = [
    f"+86138000{street}{ending.zfill(3)}" for ending in BY_LAST_DIGIT for street in ("00", "01")
]
SIP_TRUNK = """\
  - name: telecom
    uri: "sip:127.0.0.1:{port}"
    caller_id: "01012345678"
    calls_per_second: 5
    channels: 8
"""


def quickly(number: str) -> Person:
    person = person_of(number)
    return replace(person, rings=min(person.rings, 0.5))


async def test_one_batch_goes_over_both(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, EVERYBODY)
    clock, api = DayClock(), TwilioVoice()
    called = SipPeople(people=quickly)
    await called.start()
    async with api, HookServer() as server:
        ports = rtp_ports()
        known = settings(
            tmp_path,
            server.url,
            api.url,
            rate=5.0,
            more=f"sip: {{rtp_ports: [{ports.rtp_from}, {ports.rtp_until}]}}",
            trunk="\n" + SIP_TRUNK.format(port=called.port),
        )
        lines = CloudLines(known, sqlite, clock, prompt_cache(known), "en")
        server.hooks.update(lines.hooks)
        voice = await voice_run.prepared(
            known, sqlite, clock, None, "en", until_done=True, cloud=lines
        )
        async with lines.open(), voice.on_the_line(), asyncio.timeout(240):
            await voice.dialer.run()
            await api.all_over()
    await called.close()
    assert api.faults == []
    kept = await look(sqlite)
    by_trunk: dict[str, set[str]] = {"cloud": set(), "telecom": set()}
    for one in kept.attempts:
        by_trunk[one.trunk].add(one.e164)
    # Each has its share; nobody was called by both.
    assert min(len(found) for found in by_trunk.values()) >= 5
    assert by_trunk["cloud"] | by_trunk["telecom"] == set(EVERYBODY)
    assert len(kept.attempts) == len(EVERYBODY)
    for number in EVERYBODY:
        who, attempt = Behaviour(behaviour_of(number)), kept.of(number)
        should = EXPECTED[who].disposition
        if who is Behaviour.SWITCHED_OFF and number in by_trunk["cloud"]:
            should = Disposition.NO_ANSWER  # the provider passes on no Q.850 cause
        assert (number, attempt.disposition) == (number, should)
        assert (number, attempt.verdict) == (number, EXPECTED[who].verdict)
