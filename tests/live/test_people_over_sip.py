"""Whole calls over real SIP and RTP: the product's driver, engine and conversation on one side,
the simulated people with their own stack on the other; everybody comes to what he should."""

import asyncio
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.trunk import Trunk
from flows.compiler import compile_flow
from flows.exchange import BookTime, SaveAnswer, SendMessage
from flows.program import Program
from flows.reader import read
from ivr.channels.contract import DialRequest
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.stacks import PJSUA2, PYVOIP, SipStack
from ivr.conversation import ConversationRules, hold
from ivr.outcome import Outcome
from ivr.people.directory import behaviour_of, person_of
from ivr.people.person import BY_LAST_DIGIT, EXPECTED, Behaviour, Person
from ivr.people.sip import sound
from ivr.people.sip.endpoint import SipPeople
from ivr.people.sip.rtp import Impairment
from tests.peers.ports import rtp_ports

pytestmark = pytest.mark.live
SURVEY = Path(__file__).parent.parent / "golden" / "surveys" / "overall.yaml"
NUMBERS = {behaviour_of(ending): f"+8613800000{ending.zfill(3)}" for ending in BY_LAST_DIGIT}


class Babble:
    """Prompts that sound like speech and are short."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Path] = {}

    async def spoken(self, text: str, language: str) -> Path:
        if text not in self._made:
            path = self._folder / f"prompt-{len(self._made)}.wav"
            codes = sound.babble(round(1.5 + len(text) / 40, 1), 8)
            samples = [sound.decoding(8)[code] for code in codes]
            with wave.open(str(path), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes(b"".join(s.to_bytes(2, "little", signed=True) for s in samples))
            self._made[text] = path
        return self._made[text]

    async def recorded(self, file: Path) -> Path:
        return file


class Kept:
    """A journal in memory."""

    def __init__(self) -> None:
        self.answers: dict[str, SaveAnswer] = {}

    async def dialed(self, at: Any) -> None: ...
    async def ringing(self, at: Any) -> None: ...
    async def answered(self, at: Any) -> None: ...
    async def answer(self, answer: SaveAnswer, session: dict[str, Any], at: Any) -> None:
        self.answers[answer.step] = answer

    async def book(self, booking: BookTime, at: Any) -> None: ...
    async def message(self, message: SendMessage, at: Any) -> None: ...


def survey(folder: Path) -> Program:
    """Return the golden survey with a shorter patience."""
    path = folder / "overall.yaml"
    text = SURVEY.read_text("utf-8")
    path.write_text(text.replace("steps:", "defaults: {timeout: 4s}\nsteps:", 1), "utf-8")
    found = read(path)
    return compile_flow(found.flow, sha256=found.sha256)


def quickly(number: str) -> Person:
    person = person_of(number)
    return replace(person, rings=min(person.rings, 0.5))


WAYS = {"udp": ("udp", PJSUA2), "tcp": ("tcp", PJSUA2), "pyvoip": ("udp", PYVOIP)}


@pytest.fixture(params=sorted(WAYS))
async def way(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Trunk, SipStack]]:
    transport, stack = WAYS[request.param]
    people = SipPeople(people=quickly)
    await people.start()
    uri = f"sip:127.0.0.1:{people.port}"
    if transport == "tcp":
        uri += ";transport=tcp"
    yield Trunk("people", uri, transport=transport, channels=20), stack
    await people.close()


async def call(
    channel: SipChannel, number: str, folder: Path, **rules: Any
) -> tuple[Outcome, dict[str, SaveAnswer]]:
    journal = Kept()
    outcome = await hold(
        channel,
        DialRequest(f"a{number[-2:]}", number, "people", ring_seconds=10),
        program=survey(folder),
        fields={"accepted_on": "3月2日"},
        language="zh",
        prompts=Babble(folder),
        journal=journal,
        clock=SystemClock(),
        rules=ConversationRules(recordings=folder / "recordings", **rules),
        survey_folder=folder,
    )
    return outcome, journal.answers


def channel_to(trunk: Trunk, channels: int, stack: SipStack) -> SipChannel:
    return SipChannel([trunk], channels=channels, ports=rtp_ports(), stack=stack)


OVER_TCP = (
    Behaviour.SATISFIED,
    Behaviour.KEYS_BY_INFO,
    Behaviour.HANGS_UP_EARLY,
    Behaviour.REJECTS,
    Behaviour.BUSY,
)
"""What differs by transport; the rest is the same sound."""


async def test_everybody_comes_to_what_is_expected_of_him(
    way: tuple[Trunk, SipStack], tmp_path: Path
) -> None:
    trunk, stack = way
    channel = channel_to(trunk, 20, stack)
    numbers = {
        who: number
        for who, number in NUMBERS.items()
        if trunk.transport == "udp" or who in OVER_TCP
    }
    await channel.start()
    try:
        folders = {behaviour: tmp_path / behaviour for behaviour in numbers}
        for folder in folders.values():
            folder.mkdir()
        calls = []
        for who, number in numbers.items():
            calls.append(asyncio.create_task(call(channel, number, folders[who])))
            await asyncio.sleep(1 / trunk.calls_per_second)
        results = await asyncio.gather(*calls)
    finally:
        await channel.close()
    found = {
        who: (outcome.disposition, outcome.verdict)
        for who, (outcome, _) in zip(numbers, results, strict=True)
    }
    wanted = {who: (EXPECTED[who].disposition, EXPECTED[who].verdict) for who in numbers}
    assert found == wanted
    if trunk.transport == "tcp":
        return
    answers = dict(zip(numbers, (kept for _, kept in results), strict=True))
    dissatisfied = answers[Behaviour.DISSATISFIED]
    assert dissatisfied["reason"].label == "态度不好"
    opinion = folders[Behaviour.DISSATISFIED] / "recordings" / dissatisfied["opinion"].value
    with wave.open(str(opinion)) as heard:
        assert heard.getnframes() / heard.getframerate() > 2.5


@pytest.mark.parametrize("way", ["udp", "pyvoip"], indirect=True)
async def test_a_bad_line_neither_loses_nor_doubles_a_key(
    way: tuple[Trunk, SipStack], tmp_path: Path
) -> None:
    trunk, stack = way
    bad = SipPeople(people=quickly, impairment=Impairment(loss=0.1, duplicate=0.1, reorder=0.1))
    await bad.start()
    channel = channel_to(replace(trunk, uri=f"sip:127.0.0.1:{bad.port}"), 4, stack)
    await channel.start()
    try:
        number = NUMBERS[Behaviour.DISSATISFIED]
        results = []
        for index in range(4):
            (folder := tmp_path / str(index)).mkdir()
            results.append(call(channel, number, folder))
        for outcome, answers in await asyncio.gather(*results):
            assert {step: answer.raw for step, answer in answers.items()} == {
                "overall": "3", "reason": "2", "opinion": answers["opinion"].raw,
            }  # fmt: skip
            assert outcome.verdict == "dissatisfied"
    finally:
        await channel.close()
        await bad.close()
