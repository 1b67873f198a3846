"""Who picked up, in whole calls: real SIP and RTP, spoken greetings, a real recogniser."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.disposition import Disposition
from core.trunk import Trunk
from ivr.channels.contract import (
    AnnouncementHeard,
    Answered,
    DialRequest,
    Ended,
    Event,
    PickUpDecided,
    Ringing,
)
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.pickup import PickUpRules
from ivr.channels.sip.stacks import PJSUA2, PYVOIP, SipStack
from ivr.conversation import ConversationRules, hold
from ivr.outcome import Outcome
from ivr.people.machines import EXPECTED_UNHEARD, Machine, machines
from ivr.people.person import PEOPLE, Behaviour, Person, Script, Speak
from ivr.people.sip.endpoint import SipPeople
from speech.contract import Announcement, PickedUpBy, Recogniser
from speech.pickup.judge import Tuning
from speech.pickup.lists import PhraseList, load_phrases
from speech.prompts import PromptCache
from speech.recognition.local import VoskRecogniser
from speech.synthesis import Synthesis, Voice
from tests.live.test_sip_speech import Kept, survey
from tests.peers.ports import rtp_ports

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

SHORT_LIST = PhraseList(
    "ko",
    ((Announcement.VACANT, ("연결이 되지 않아",)),),
    ("메시지를 남겨",),
    ("여보세요", "네"),
)
"""An operator's list of what this voice can be understood to say."""
SILENT = Script()


STACKS = pytest.mark.parametrize("stack", [PJSUA2, PYVOIP], ids=lambda each: each.name)


@asynccontextmanager
async def house(
    people: Sequence[Person],
    recogniser: Recogniser | None = None,
    *lists: PhraseList,
    stack: SipStack = PJSUA2,
) -> AsyncIterator[SipChannel]:
    """Start a channel to `people`: the last digits of a number are the place in that list."""
    met = SipPeople(people=lambda number: people[int(number[-2:])])
    await met.start()
    channel = SipChannel(
        [Trunk("people", f"sip:127.0.0.1:{met.port}", channels=20)],
        channels=len(people),
        ports=rtp_ports(),
        recogniser=recogniser,
        # Sound and words may be late on a busy machine; what is tried is not how late.
        pick_up=PickUpRules(Tuning(words_wait=8.0, silence=6.0), lists),
        stack=stack,
    )
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()
        await met.close()


def request(number: int, ring_seconds: int = 15) -> DialRequest:
    return DialRequest(f"a{number}", f"+861380000{number:04d}", "people", ring_seconds=ring_seconds)


async def events(channel: SipChannel, number: int) -> list[Event]:
    """Call, hang up as soon as anything is known; return what happened."""
    call = await channel.dial(request(number))
    found: list[Event] = []
    async with asyncio.timeout(60):
        async for event in call.events():
            found.append(event)
            if isinstance(event, PickUpDecided | AnnouncementHeard):
                await call.hang_up()
    assert isinstance(found[-1], Ended)
    return found


async def all_events(channel: SipChannel, people: Sequence[Person]) -> list[list[Event]]:
    return await asyncio.gather(*(events(channel, n) for n in range(len(people))))


def decided(found: list[Event]) -> tuple[PickedUpBy, str] | None:
    return next(
        ((event.by, event.sign) for event in found if isinstance(event, PickUpDecided)), None
    )


def heard(found: list[Event]) -> list[Announcement]:
    return [event.announcement for event in found if isinstance(event, AnnouncementHeard)]


async def outcome(
    channel: SipChannel, number: int, folder: Path, **rules: dict[str, str]
) -> Outcome:
    return await hold(
        channel,
        request(number),
        program=survey(),
        fields={},
        language="ko",
        prompts=PromptCache(folder / "prompts", Synthesis(), voices={"ko": Voice("ko", 200)}),
        journal=Kept(),
        clock=SystemClock(),
        rules=ConversationRules(recordings=folder, **rules),  # type: ignore[arg-type]
        survey_folder=folder,
    )


@STACKS
async def test_by_timing_and_tones_alone(stack: SipStack) -> None:
    who = machines("zh")
    people = [
        who[Machine.SPOKEN_MAILBOX],
        who[Machine.FAX],
        who[Machine.BUSY_TONE],
        PEOPLE[Behaviour.MAILBOX],
        PEOPLE[Behaviour.SATISFIED],
        Person(Behaviour.SILENT, rings=0.2, greeting=(Speak(1.0, 0.6, "喂，你好，哪位？"),)),
    ]
    async with house(people, stack=stack) as channel:
        mailbox, fax, busy, beep, satisfied, spoken = await all_events(channel, people)
    assert decided(mailbox) in (
        (PickedUpBy.MACHINE, "long_greeting"),
        (PickedUpBy.MACHINE, "beep"),
    )
    assert decided(fax) == (PickedUpBy.FAX, "ced")
    assert (decided(busy), heard(busy)) == (None, [Announcement.BUSY])
    assert decided(beep) == (PickedUpBy.MACHINE, "beep")
    assert decided(satisfied) == (PickedUpBy.PERSON, "short_greeting")
    assert decided(spoken) == (PickedUpBy.PERSON, "short_greeting")


async def test_it_is_told_once_and_after_the_answer() -> None:
    people = [PEOPLE[Behaviour.SATISFIED]] * 2
    async with house(people) as channel:
        for found in await all_events(channel, people):
            kinds = [type(event) for event in found]
            assert kinds.count(PickUpDecided) == 1
            assert kinds.index(Answered) < kinds.index(PickUpDecided)


@STACKS
async def test_words_tell_more(stack: SipStack, korean_recogniser: VoskRecogniser) -> None:
    who = machines("ko-quick")
    people = [
        who[Machine.ASSISTANT],
        who[Machine.VACANT],  # announced for ever on early media
        who[Machine.SWITCHED_OFF],  # announced, then 480
        who[Machine.ANNOUNCED_AFTER_ANSWER],
        Person(Behaviour.SILENT, rings=0.2, greeting=who[Machine.FORWARDED].greeting),
    ]
    async with house(people, korean_recogniser, SHORT_LIST, stack=stack) as channel:
        found = await all_events(channel, people)
    assistant, vacant, refused, answered, person = found
    assert decided(assistant) == (PickedUpBy.MACHINE, "phrase")
    assert heard(vacant) == [Announcement.VACANT]
    assert heard(refused) == [Announcement.VACANT]
    assert heard(answered) == [Announcement.VACANT]
    assert any(isinstance(event, Ringing) and event.early_media for event in vacant)
    assert decided(answered) is None
    assert decided(person) == (PickedUpBy.PERSON, "short_greeting")


async def test_the_list_that_comes_along(korean_recogniser: VoskRecogniser) -> None:
    phrases = load_phrases("ko")
    assert phrases is not None
    who = machines("ko-quick")
    people = [
        who[Machine.ASSISTANT],
        Person(Behaviour.SILENT, rings=0.2, greeting=who[Machine.FORWARDED].greeting),
    ]
    async with house(people, korean_recogniser, phrases) as channel:
        assistant, person = await all_events(channel, people)
    assert decided(assistant) == (PickedUpBy.MACHINE, "phrase")
    assert decided(person) == (PickedUpBy.PERSON, "short_greeting")


async def test_what_outcomes_say(korean_recogniser: VoskRecogniser, tmp_path: Path) -> None:
    who = machines("ko-quick")
    people = [who[Machine.ASSISTANT], who[Machine.VACANT], who[Machine.ANNOUNCED_AFTER_ANSWER]]
    async with house(people, korean_recogniser, SHORT_LIST) as channel:
        found = await asyncio.gather(*(outcome(channel, n, tmp_path) for n in range(len(people))))
    sign = "announcement_vacant: 연결이 되지 않아"
    assert [(each.disposition, each.reason) for each in found] == [
        (Disposition.MACHINE, "machine_phrase"),
        (Disposition.INVALID_NUMBER, sign),
        (Disposition.INVALID_NUMBER, sign),
    ]


async def test_machines_without_a_recogniser_come_to_what_is_expected(tmp_path: Path) -> None:
    who = machines("zh")
    some = [
        Machine.SPOKEN_MAILBOX,
        Machine.FAX,
        Machine.BUSY_TONE,
        Machine.SUSPENDED,
        Machine.NOT_TAKEN,
    ]
    async with house([who[each] for each in some]) as channel:
        found = await asyncio.gather(*(outcome(channel, n, tmp_path) for n in range(len(some))))
    assert {each: end.disposition for each, end in zip(some, found, strict=True)} == {
        each: EXPECTED_UNHEARD[each].disposition for each in some
    }


async def test_a_message_is_left_after_the_beep(tmp_path: Path) -> None:
    people = [PEOPLE[Behaviour.MAILBOX]] * 2
    messages = {"ko": "다시 전화 드리겠습니다"}
    async with house(people) as channel:
        left, hung_up = await asyncio.gather(
            outcome(channel, 0, tmp_path, mailbox_messages=messages),
            outcome(channel, 1, tmp_path),
        )
    assert (left.disposition, left.reason) == (Disposition.MACHINE, "machine_beep message_left")
    assert (hung_up.disposition, hung_up.reason) == (Disposition.MACHINE, "machine_beep")
