"""Simulated people: what one does when called, as a script of reactions to what is heard. Pure.

The same scripts are acted by `ivr.channels.dry_run` (in virtual time) and by `ivr.people.sip`
(real SIP and RTP). A person does not know the survey: he hears that a prompt began and that it
ended, and reacts. The keys fit surveys in which 1 is the best answer, 2 the middle, 3 the worst,
9 refuses and 0 asks for a person.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.disposition import Disposition
from core.verdict import Verdict
from speech.contract import Announcement


class Behaviour(StrEnum):
    """Who picks up, or does not."""

    SATISFIED = "satisfied"
    BASICALLY_SATISFIED = "basically_satisfied"
    DISSATISFIED = "dissatisfied"
    IMPATIENT = "impatient"
    SILENT = "silent"
    WRONG_KEYS = "wrong_keys"
    CORRECTS_HIMSELF = "corrects_himself"
    HANGS_UP_MIDWAY = "hangs_up_midway"
    HANGS_UP_EARLY = "hangs_up_early"
    REFUSES = "refuses"
    ASKS_FOR_PERSON = "asks_for_person"
    KEYS_BY_INFO = "keys_by_info"
    KEYS_BY_TONE = "keys_by_tone"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTS = "rejects"
    SWITCHED_OFF = "switched_off"
    INVALID_NUMBER = "invalid_number"
    MAILBOX = "mailbox"


@dataclass(frozen=True)
class Press:
    """Press keys, one after another."""

    keys: str
    after: float = 1.0
    """Seconds since the prompt began or ended, or since the action before this one."""


@dataclass(frozen=True)
class Speak:
    """Say something."""

    seconds: float
    """How long it takes; with real sound the words decide that by themselves."""
    after: float = 1.0
    words: str = ""
    """What is said; empty: something like speech that nobody could understand."""
    confidence: float = 0.95
    """How sure a recogniser is of it where there is no sound to be recognised (0-1)."""
    language: str = "zh"
    """The language of `words`: which voice speaks them."""
    pcm: bytes = b""
    """A recording (8 kHz, 16 bit, mono) that is heard in the place of `words`, where there is real
    sound."""
    pressing: str = ""
    """Keys that are pressed in the middle of it."""


@dataclass(frozen=True)
class HangUp:
    """Put the phone down."""

    after: float = 1.0


@dataclass(frozen=True)
class Tone:
    """A tone of one or two frequencies."""

    hertz: tuple[float, ...]
    seconds: float
    after: float = 0.0
    """Seconds of silence before it."""


Action = Press | Speak | HangUp


@dataclass(frozen=True)
class Reaction:
    """What is done about one prompt."""

    during: tuple[Action, ...] = ()
    """While it plays; what is not done when it ends is left."""
    then: tuple[Action, ...] = ()
    """After it; left when another prompt begins first."""


@dataclass(frozen=True)
class Script:
    """Reactions to one prompt after another. A reaction is used up once something was done."""

    reactions: tuple[Reaction, ...] = ()
    afterwards: Reaction = Reaction()
    """The reaction to all further prompts."""
    on_answer: tuple[Action, ...] = ()
    """What is done after picking up, whatever is heard."""

    def reaction(self, used: int) -> Reaction:
        """Return the reaction that follows after `used` ones."""
        return self.reactions[used] if used < len(self.reactions) else self.afterwards


@dataclass(frozen=True)
class Person:
    """One behaviour spelled out."""

    behaviour: StrEnum
    """A `Behaviour`, or a name of one's own."""
    status: int = 200
    """Final SIP response (RFC 3261, 21); 0: never answers, rings until the caller gives up."""
    rings: float = 2.0
    """Seconds of ringing before that response; 0: no ringing at all."""
    script: Script = Script()
    machine: bool = False
    """True: a mailbox: a greeting, a beep, silence."""
    fax: bool = False
    """True: a fax."""
    early: tuple[Speak | Tone, ...] = ()
    """What the network plays before `status`, on early media (183, RFC 3960); over and over where
    nobody ever answers."""
    greeting: tuple[Speak | Tone, ...] = ()
    """What is heard after the answer; empty: a short hello (a mailbox: a long one and a beep)."""
    announces: Announcement | None = None
    """What `early` or `greeting` says of the number."""
    keys_by: str = "rfc4733"
    """How keys travel: ``rfc4733``, ``info`` or ``inband``."""
    rings_back: float = 0.0
    """Seconds after which he rings us whom we did not reach, to do what `script` says; 0: never."""


@dataclass(frozen=True)
class Expected:
    """What a call to somebody must come to in a survey of the shape named above."""

    disposition: Disposition
    verdict: Verdict | None = None


GREETING_SECONDS = 4.0
"""Length of a mailbox's greeting, before its beep."""
BEEP_SECONDS = 0.5
BEEP_HERTZ = 1000.0

_ANY_1 = Script(afterwards=Reaction(then=(Press("1"),)))
_IMPATIENT = Script(
    afterwards=Reaction(
        during=tuple(Press("1", after) for after in (3.0, 4.0, 4.0, 4.0, 4.0)), then=(Press("1"),)
    )
)
_DISSATISFIED = Script(
    (
        Reaction(then=(Press("3"),)),
        Reaction(then=(Press("2"),)),
        Reaction(then=(Speak(3.0), Press("#", after=0.5))),
    ),
    afterwards=Reaction(then=(Press("1"),)),
)

PEOPLE: dict[Behaviour, Person] = {
    Behaviour(person.behaviour): person
    for person in (
        Person(Behaviour.SATISFIED, script=_ANY_1),
        Person(
            Behaviour.BASICALLY_SATISFIED,
            script=Script((Reaction(then=(Press("2"),)),), Reaction(then=(Press("1"),))),
        ),
        Person(Behaviour.DISSATISFIED, script=_DISSATISFIED),
        Person(Behaviour.IMPATIENT, script=_IMPATIENT),
        Person(Behaviour.SILENT),
        Person(Behaviour.WRONG_KEYS, script=Script(afterwards=Reaction(then=(Press("7"),)))),
        Person(
            Behaviour.CORRECTS_HIMSELF,
            script=Script((Reaction(then=(Press("7"),)),), Reaction(then=(Press("1"),))),
        ),
        Person(
            Behaviour.HANGS_UP_MIDWAY,
            script=Script((Reaction(then=(Press("3"),)),), Reaction(during=(HangUp(1.5),))),
        ),
        Person(Behaviour.HANGS_UP_EARLY, script=Script(afterwards=Reaction(during=(HangUp(2.0),)))),
        Person(
            Behaviour.REFUSES, script=Script(afterwards=Reaction((Press("9", 3.0),), (Press("9"),)))
        ),
        Person(Behaviour.ASKS_FOR_PERSON, script=Script(afterwards=Reaction(then=(Press("0"),)))),
        Person(Behaviour.KEYS_BY_INFO, script=_ANY_1, keys_by="info"),
        Person(Behaviour.KEYS_BY_TONE, script=_ANY_1, keys_by="inband"),
        Person(Behaviour.BUSY, status=486, rings=0.0),
        Person(Behaviour.NO_ANSWER, status=0),
        Person(Behaviour.REJECTS, status=603, rings=3.0),
        Person(Behaviour.SWITCHED_OFF, status=480, rings=0.0),
        Person(Behaviour.INVALID_NUMBER, status=404, rings=0.0),
        Person(Behaviour.MAILBOX, machine=True),
    )
}

EXPECTED: dict[StrEnum, Expected] = {
    Behaviour.SATISFIED: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Behaviour.BASICALLY_SATISFIED: Expected(Disposition.COMPLETED, Verdict.BASICALLY_SATISFIED),
    Behaviour.DISSATISFIED: Expected(Disposition.COMPLETED, Verdict.DISSATISFIED),
    Behaviour.IMPATIENT: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Behaviour.SILENT: Expected(Disposition.BROKE_OFF),
    Behaviour.WRONG_KEYS: Expected(Disposition.BROKE_OFF),
    Behaviour.CORRECTS_HIMSELF: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Behaviour.HANGS_UP_MIDWAY: Expected(Disposition.PARTIAL, Verdict.DISSATISFIED),
    Behaviour.HANGS_UP_EARLY: Expected(Disposition.BROKE_OFF),
    Behaviour.REFUSES: Expected(Disposition.REFUSED),
    Behaviour.ASKS_FOR_PERSON: Expected(Disposition.BROKE_OFF),
    Behaviour.KEYS_BY_INFO: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Behaviour.KEYS_BY_TONE: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Behaviour.BUSY: Expected(Disposition.BUSY),
    Behaviour.NO_ANSWER: Expected(Disposition.NO_ANSWER),
    Behaviour.REJECTS: Expected(Disposition.REJECTED),
    Behaviour.SWITCHED_OFF: Expected(Disposition.UNREACHABLE),
    Behaviour.INVALID_NUMBER: Expected(Disposition.INVALID_NUMBER),
    Behaviour.MAILBOX: Expected(Disposition.MACHINE),
}

BY_LAST_DIGIT: dict[str, Behaviour] = {
    "1": Behaviour.SATISFIED,
    "2": Behaviour.IMPATIENT,
    "3": Behaviour.DISSATISFIED,
    "4": Behaviour.SILENT,
    "5": Behaviour.WRONG_KEYS,
    "6": Behaviour.HANGS_UP_MIDWAY,
    "7": Behaviour.BUSY,
    "8": Behaviour.NO_ANSWER,
    "9": Behaviour.MAILBOX,
    "00": Behaviour.INVALID_NUMBER,
    "10": Behaviour.REJECTS,
    "20": Behaviour.REFUSES,
    "30": Behaviour.ASKS_FOR_PERSON,
    "40": Behaviour.BASICALLY_SATISFIED,
    "50": Behaviour.HANGS_UP_EARLY,
    "60": Behaviour.CORRECTS_HIMSELF,
    "70": Behaviour.KEYS_BY_INFO,
    "80": Behaviour.KEYS_BY_TONE,
    "90": Behaviour.SWITCHED_OFF,
}
"""How a number ends -> who answers it; `ivr.people.directory` adds those who speak words."""
