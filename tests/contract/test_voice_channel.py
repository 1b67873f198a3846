"""What every voice driver does, whichever it is.

A driver joins with one line in `HOUSES`: a context manager that, given what the people at the
other end do, yields a started channel, the trunk's name and the numbers to call.
"""

import asyncio
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.clock import VirtualClock
from core.errors import TransientError
from core.trunk import Trunk
from ivr.channels.contract import (
    Answered,
    Call,
    Dialed,
    DialRequest,
    Ended,
    EndedBy,
    Event,
    KeyPressed,
    PromptFinished,
    RecordingFinished,
    Ringing,
    SpeechBegan,
    SpeechHeard,
    VoiceChannel,
)
from ivr.channels.dry_run import DryRunChannel
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.stacks import PJSUA2, PYVOIP, SipStack
from ivr.people.person import PEOPLE, Behaviour, HangUp, Person, Press, Script, Speak
from speech.contract import Grammar, Utterance
from speech.g711 import encode_ulaw
from speech.synthesis import Synthesis, Voice
from tests.peers import pcap, sipp
from tests.peers.ports import rtp_ports

LIMIT = 20.0
WORDS = "不满意"


class Certain:
    """A recogniser that has heard `WORDS` whenever anything was said."""

    languages = frozenset({"zh"})

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def unknown_words(self, language: str, phrases: tuple[str, ...]) -> frozenset[str]:
        return frozenset()

    def listen(self, grammar: Grammar) -> "CertainEar":
        return CertainEar(grammar)


class CertainEar:
    """Hears the grammar's first phrase, if it was fed any sound."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar, self._fed = grammar, 0

    def feed(self, pcm: bytes) -> None:
        self._fed += len(pcm)

    async def finish(self) -> Utterance:
        return Utterance(self._grammar.phrases[0] if self._fed > 8000 else "", 0.9)

    def close(self) -> None: ...


@dataclass
class House:
    """A started channel and whom one can call with it."""

    channel: VoiceChannel
    places: int
    """Calls it carries at once: as many as were wanted, or more."""
    trunk: str
    answers: str
    """A number that answers, listens, and waits to be hung up on."""
    presses: str
    """A number that answers and presses 1, then 1 again, then 2."""
    busy: str
    hangs_up: str
    """A number that answers and soon hangs up."""
    rings: str
    """A number that rings for ever."""
    speaks: str
    """A number that answers, says `WORDS` a second later, and again three seconds after that."""


def said_twice() -> list[pcap.Packet]:
    """Return the sound of `WORDS` after a second, and again three seconds after that."""
    once = np.concatenate([np.zeros(8000), Synthesis().make(WORDS, Voice("cmn")) * 32767])
    pause = np.zeros(3 * 8000)
    pcm = np.concatenate([once, pause[:-8000], once, pause]).astype("<i2").tobytes()
    codes = encode_ulaw(pcm)
    return [
        pcap.Packet(n * 0.02, n + 1, n * 160, pcap.PCMU, codes[n * 160 : (n + 1) * 160])
        for n in range(len(codes) // 160)
    ]


@asynccontextmanager
async def sip_house(folder: Path, stack: SipStack = PJSUA2) -> AsyncIterator[House]:
    keys = pcap.write(
        folder / "keys.pcap",
        [
            *pcap.press("1", at=0.0, sequence=1, timestamp=1000),
            *pcap.press("1", at=0.3, sequence=20, timestamp=3400),
            *pcap.press("2", at=0.6, sequence=40, timestamp=5800),
        ],
    )
    speech = pcap.write(folder / "speech.pcap", said_twice())
    people = {
        "answers": sipp.Person(folder, sipp.answered(), sipp.IS_HUNG_UP_ON, echo=True),
        "presses": sipp.Person(
            folder, sipp.answered(), sipp.pause(200), sipp.sound(keys), sipp.IS_HUNG_UP_ON
        ),
        "busy": sipp.Person(folder, sipp.response("486 Busy Here"), sipp.expect("ACK")),
        "hangs_up": sipp.Person(folder, sipp.answered(), sipp.pause(600), sipp.HANGS_UP),
        "rings": sipp.Person(
            folder,
            sipp.response("180 Ringing"),
            sipp.expect("CANCEL"),
            sipp.response("200 OK", copied=sipp.COPIED_IN_CALL),
            sipp.CANCELLED,
            sipp.expect("ACK"),
        ),
        "speaks": sipp.Person(folder, sipp.answered(), sipp.sound(speech), sipp.IS_HUNG_UP_ON),
    }
    trunks = [Trunk(name, person.uri) for name, person in people.items()]
    async with AsyncExitStack() as left:
        for person in people.values():
            await left.enter_async_context(person)
        channel = SipChannel(
            trunks, channels=4, ports=rtp_ports(), recogniser=Certain(), stack=stack
        )
        left.push_async_callback(channel.close)
        await channel.start()
        places = sum(line.free for line in channel.pool.lines)
        yield House(channel, places, "", *people)


@asynccontextmanager
async def dry_house(folder: Path) -> AsyncIterator[House]:
    people = {
        "answers": PEOPLE[Behaviour.SILENT],
        "presses": Person(Behaviour.SILENT, script=Script(on_answer=(Press("112", 0.5),))),
        "busy": PEOPLE[Behaviour.BUSY],
        "hangs_up": Person(Behaviour.SILENT, script=Script(on_answer=(HangUp(1.0),))),
        "rings": PEOPLE[Behaviour.NO_ANSWER],
        "speaks": Person(
            Behaviour.SILENT,
            script=Script(on_answer=(Speak(1.0, 1.0, WORDS), Speak(1.0, 3.0, WORDS))),
        ),
    }
    clock = VirtualClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    driver = asyncio.create_task(clock.drive())
    channel = DryRunChannel(clock, people=people.__getitem__, channels=4)
    await channel.start()
    yield House(channel, 4, "dry-run", *people)
    await channel.close()
    driver.cancel()


HOUSES: dict[str, Callable[[Path], AbstractAsyncContextManager[House]]] = {
    "dry-run": dry_house,
    "pyvoip": partial(sip_house, stack=PYVOIP),
    "sip": sip_house,
}


@pytest.fixture(params=sorted(HOUSES))
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with HOUSES[request.param](tmp_path) as house:
        yield house


async def dial(house: House, who: str, *, ring_seconds: int = 30) -> Call:
    # Over SIP each kind of person is a trunk of its own; elsewhere the number tells.
    trunk = house.trunk or who
    number = "+8613800138000" if not house.trunk else who
    return await house.channel.dial(DialRequest("a-1", number, trunk, ring_seconds=ring_seconds))


async def until(
    events: AsyncIterator[Event], kind: type[Event], never: tuple[type[Event], ...] = ()
) -> Event:
    async with asyncio.timeout(LIMIT):
        async for event in events:
            if isinstance(event, kind):
                return event
            assert not isinstance(event, (Ended, *never)), event
    raise AssertionError("the events ended")


async def rest(events: AsyncIterator[Event]) -> list[Event]:
    async with asyncio.timeout(LIMIT):
        return [event async for event in events]


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    path = tmp_path / "prompt.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 4000))
    return path


async def test_an_answered_call_tells_its_story_in_order(house: House, prompt: Path) -> None:
    call = await dial(house, house.answers)
    events = call.events()
    seen = [await anext(events) for _ in range(3)]
    assert [type(event) for event in seen] == [Dialed, Ringing, Answered]
    play = await call.play([prompt, prompt])
    finished = await until(events, PromptFinished)
    assert finished.play == play  # type: ignore[union-attr]
    await call.hang_up()
    (ended,) = await rest(events)
    assert isinstance(ended, Ended)
    assert ended.by is EndedBy.US
    assert all(a.at <= b.at for a, b in pairwise(seen))


async def test_each_press_is_one_key(house: House) -> None:
    call = await dial(house, house.presses)
    events = call.events()
    keys = [(await until(events, KeyPressed)).key for _ in range(3)]  # type: ignore[union-attr]
    assert keys == ["1", "1", "2"]
    await call.hang_up()
    assert [type(event) for event in await rest(events)] == [Ended]


async def test_a_stopped_prompt_does_not_finish_and_a_new_one_does(
    house: House, prompt: Path
) -> None:
    call = await dial(house, house.answers)
    events = call.events()
    await until(events, Answered)
    await call.play([prompt] * 8)
    await call.stop()
    first = await call.play([prompt] * 8)
    second = await call.play([prompt])
    assert second != first
    assert (await until(events, PromptFinished)).play == second  # type: ignore[union-attr]
    await call.hang_up()
    assert [type(event) for event in await rest(events)] == [Ended]


async def test_hanging_up_waits_for_what_is_being_played(house: House, prompt: Path) -> None:
    call = await dial(house, house.answers)
    events = call.events()
    await until(events, Answered)
    await call.play([prompt])
    await call.hang_up(after_playing=True)
    assert [type(event) for event in await rest(events)] == [PromptFinished, Ended]


async def test_busy_is_told_with_its_status(house: House) -> None:
    call = await dial(house, house.busy)
    *_, ended = await rest(call.events())
    assert isinstance(ended, Ended)
    assert (ended.by, ended.sip_status) == (EndedBy.TRUNK, 486)


async def test_a_person_who_hangs_up_ends_call_and_recording(house: House, tmp_path: Path) -> None:
    call = await dial(house, house.hangs_up)
    events = call.events()
    await until(events, Answered)
    await call.record(tmp_path / "answer.wav", seconds=20, silence=0)
    recording, ended = await rest(events)
    assert isinstance(recording, RecordingFinished)
    assert recording.ended_by == "hang_up"
    assert isinstance(ended, Ended)
    assert ended.by is EndedBy.PARTY
    await call.hang_up()  # harmless
    await call.stop()
    assert await call.stop_recording() == 0.0


async def test_an_open_answer_ends_by_silence_and_by_its_limit(
    house: House, tmp_path: Path
) -> None:
    call = await dial(house, house.answers)
    events = call.events()
    await until(events, Answered)
    await call.record(tmp_path / "a.wav", seconds=20, silence=0.5)
    first = await until(events, RecordingFinished)
    assert first.ended_by == "silence"  # type: ignore[union-attr]
    await call.record(tmp_path / "b.wav", seconds=0.5, silence=10)
    second = await until(events, RecordingFinished)
    assert second.ended_by == "limit"  # type: ignore[union-attr]
    await call.hang_up()
    await rest(events)


async def test_ringing_is_given_up_after_its_time(house: House) -> None:
    call = await dial(house, house.rings, ring_seconds=1)
    seen = await rest(call.events())
    assert [type(event) for event in seen] == [Dialed, Ringing, Ended]
    assert seen[-1].by is EndedBy.RING_TIMEOUT  # type: ignore[union-attr]


async def test_no_more_calls_than_there_are_lines(house: House) -> None:
    assert house.places >= 4
    calls = [await dial(house, house.answers) for _ in range(house.places)]
    with pytest.raises(TransientError):
        await dial(house, house.answers)
    for call in calls:
        await call.hang_up()
        *_, ended = await rest(call.events())
        assert isinstance(ended, Ended)


async def test_what_is_said_is_told_while_somebody_listens(house: House, tmp_path: Path) -> None:
    call = await dial(house, house.speaks)
    events = call.events()
    await until(events, Answered)
    await call.listen(Grammar("zh", (WORDS,)))
    began = await until(events, SpeechBegan)
    heard = await until(events, SpeechHeard)
    assert isinstance(began, SpeechBegan)
    assert isinstance(heard, SpeechHeard)
    assert (heard.text, heard.began_at) == (WORDS, began.at)
    assert heard.confidence > 0.8
    assert timedelta(seconds=0.3) < heard.ended_at - heard.began_at < timedelta(seconds=1.6)
    assert heard.ended_at < heard.at
    await call.stop_listening()  # what is said a second time nobody hears
    await call.record(tmp_path / "rest.wav", seconds=4.0, silence=0)
    await until(events, RecordingFinished, never=(SpeechBegan, SpeechHeard))
    await call.hang_up()
    await rest(events)


async def test_speech_is_judged_by_the_grammar_at_its_end(house: House) -> None:
    call = await dial(house, house.speaks)
    events = call.events()
    await until(events, Answered)
    await call.listen(Grammar("zh", ("别的",)))
    await until(events, SpeechBegan)
    await call.listen(Grammar("zh", (WORDS,)))
    assert (await until(events, SpeechHeard)).text == WORDS  # type: ignore[union-attr]
    await call.hang_up()
    await rest(events)


async def test_keys_are_heard_by_who_listens(house: House) -> None:
    call = await dial(house, house.presses)
    events = call.events()
    await until(events, Answered)
    await call.listen(Grammar("zh", (WORDS,)))
    keys = [(await until(events, KeyPressed)).key for _ in range(3)]  # type: ignore[union-attr]
    assert keys == ["1", "1", "2"]
    await call.hang_up()
    await rest(events)
    await call.listen(Grammar("zh", (WORDS,)))  # harmless
    await call.stop_listening()
