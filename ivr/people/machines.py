"""Simulated mailboxes, assistants, faxes and carriers' announcements. Pure.

Their words are spoken by a synthetic voice, so that they can be recognised; what they come to
where nothing is recognised is told as well.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.disposition import Disposition
from ivr.people.person import BEEP_HERTZ, BEEP_SECONDS, Expected, Person, Speak, Tone
from speech.contract import Announcement


class Machine(StrEnum):
    """What answers, or speaks instead of somebody."""

    SPOKEN_MAILBOX = "spoken_mailbox"
    ASSISTANT = "assistant"
    FAX = "fax"
    VACANT = "vacant"
    SWITCHED_OFF = "switched_off_announced"
    SUSPENDED = "suspended"
    ON_THE_PHONE = "on_the_phone"
    BUSY_TONE = "busy_tone"
    NOT_REACHED = "not_reached"
    NOT_TAKEN = "not_taken"
    ANNOUNCED_AFTER_ANSWER = "announced_after_answer"
    FORWARDED = "forwarded"


@dataclass(frozen=True)
class Wordings:
    """What is said in one language."""

    mailbox: str
    assistant: str
    forwarded: str
    hello: str
    announcements: dict[Announcement, str]


WORDINGS = {
    "zh": Wordings(
        mailbox="您好，我现在不方便接听电话，请在提示音后留言。",
        assistant="您好，我是机主的智能助理，机主现在不方便接听，有什么事我可以帮您转达。",
        forwarded="您的呼叫正在转移，请稍候。",
        hello="喂，你好",
        announcements={
            Announcement.VACANT: "您好，您拨打的号码是空号，请核对后再拨。",
            Announcement.SWITCHED_OFF: "您好，您拨打的电话已关机。",
            Announcement.SUSPENDED: "您好，您拨打的电话已停机。",
            Announcement.BUSY: "您好，您拨打的电话正在通话中，请稍后再拨。",
            Announcement.UNREACHABLE: "您好，您拨打的电话暂时无法接通，请稍后再拨。",
            Announcement.NO_ANSWER: "您好，您拨打的电话暂时无人接听，请稍后再拨。",
        },
    ),
    "en": Wordings(
        mailbox="I can not take your call. Please leave a message after the tone.",
        assistant="Hello, you have reached the voicemail. Please leave a message.",
        forwarded="Your call is being forwarded.",
        hello="Hello?",
        announcements={
            Announcement.VACANT: "Sorry, the number you dialed does not exist.",
            Announcement.SWITCHED_OFF: "Sorry, the subscriber you dialed is power off.",
            Announcement.SUSPENDED: "Sorry, the number you dialed is out of service.",
            Announcement.BUSY: "Sorry, the subscriber you dialed is busy now.",
            Announcement.UNREACHABLE: "Sorry, the subscriber you dialed can not be connected.",
            Announcement.NO_ANSWER: "Sorry, there is no answer.",
        },
    ),
    # What a Korean recogniser understands of a synthetic voice that speaks quickly.
    "ko-quick": Wordings(
        mailbox="지금은 전화를 받을 수 없습니다. 메시지를 남겨 주세요.",
        assistant="음성 사서함으로 연결 됩니다. 메시지를 남겨 주세요.",
        forwarded="번호로 연결 합니다",
        hello="여보세요",
        announcements=dict.fromkeys(Announcement, "연결이 되지 않아"),
    ),
}

EXPECTED: dict[StrEnum, Expected] = {
    Machine.SPOKEN_MAILBOX: Expected(Disposition.MACHINE),
    Machine.ASSISTANT: Expected(Disposition.MACHINE),
    Machine.FAX: Expected(Disposition.MACHINE),
    Machine.VACANT: Expected(Disposition.INVALID_NUMBER),
    Machine.SWITCHED_OFF: Expected(Disposition.UNREACHABLE),
    Machine.SUSPENDED: Expected(Disposition.UNREACHABLE),
    Machine.ON_THE_PHONE: Expected(Disposition.BUSY),
    Machine.BUSY_TONE: Expected(Disposition.BUSY),
    Machine.NOT_REACHED: Expected(Disposition.UNREACHABLE),
    Machine.NOT_TAKEN: Expected(Disposition.NO_ANSWER),
    Machine.ANNOUNCED_AFTER_ANSWER: Expected(Disposition.UNREACHABLE),
    Machine.FORWARDED: Expected(Disposition.BROKE_OFF),
}
"""With recognition; `FORWARDED` is answered in the end by somebody who does nothing."""

EXPECTED_UNHEARD: dict[StrEnum, Expected] = EXPECTED | {
    Machine.ASSISTANT: Expected(Disposition.BROKE_OFF),
    Machine.VACANT: Expected(Disposition.NO_ANSWER),
    Machine.SWITCHED_OFF: Expected(Disposition.UNREACHABLE),
    Machine.SUSPENDED: Expected(Disposition.FAILED),
    Machine.ON_THE_PHONE: Expected(Disposition.UNREACHABLE),
    Machine.NOT_TAKEN: Expected(Disposition.UNREACHABLE),
    Machine.ANNOUNCED_AFTER_ANSWER: Expected(Disposition.BROKE_OFF),
}
"""By timing and tones alone, where no words are recognised: the SIP status decides, and who
speaks for less than five seconds is a person."""


def machines(language: str) -> dict[Machine, Person]:
    """Return what speaks `language` (a voice of `ivr.people.sip.words`). Raises KeyError."""
    words = WORDINGS[language]

    def says(what: str, after: float = 0.3) -> Speak:
        return Speak(3.0, after, what, language=language)

    def announces(kind: Announcement, who: Machine, status: int) -> Person:
        early = (says(words.announcements[kind], 0.6),)
        return Person(who, status=status, rings=0.0, early=early, announces=kind)

    beep = Tone((BEEP_HERTZ,), BEEP_SECONDS, after=0.3)
    busy = (Tone((450.0,), 0.35, after=0.35),) * 14
    people = (
        Person(Machine.SPOKEN_MAILBOX, machine=True, greeting=(says(words.mailbox), beep)),
        Person(Machine.ASSISTANT, machine=True, greeting=(says(words.assistant),)),
        Person(Machine.FAX, fax=True, greeting=(Tone((2100.0,), 3.0, after=0.8),)),
        # Announced for ever: only the ring time-out would end it.
        announces(Announcement.VACANT, Machine.VACANT, 0),
        announces(Announcement.SWITCHED_OFF, Machine.SWITCHED_OFF, 480),
        announces(Announcement.SUSPENDED, Machine.SUSPENDED, 503),
        announces(Announcement.BUSY, Machine.ON_THE_PHONE, 480),
        Person(Machine.BUSY_TONE, status=480, rings=0.0, early=busy, announces=Announcement.BUSY),
        announces(Announcement.UNREACHABLE, Machine.NOT_REACHED, 480),
        announces(Announcement.NO_ANSWER, Machine.NOT_TAKEN, 480),
        Person(
            Machine.ANNOUNCED_AFTER_ANSWER,
            greeting=(says(words.announcements[Announcement.SWITCHED_OFF]),),
            announces=Announcement.SWITCHED_OFF,
        ),
        Person(
            Machine.FORWARDED,
            rings=0.0,
            early=(says(words.forwarded),),
            greeting=(says(words.hello),),
            announces=Announcement.FORWARDED,
        ),
    )
    return {Machine(person.behaviour): person for person in people}
