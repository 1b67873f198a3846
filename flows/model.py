"""The survey language as types: what one YAML file may say, before it is checked for sense.

Written by supervisors, so every step is one mapping whose first key is its verb:

    - say: 您好，这里是公安局回访中心。
    - ask: 您对民警的处警态度是否满意？满意请按1，不满意请按3。
      id: attitude
      choices:
        - {key: 1, label: 满意, verdict: satisfied}

Texts are either one string (the survey's first language) or a mapping language -> string.
Durations are numbers of seconds or strings such as ``5s``, ``800ms``.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag

from core.disposition import Disposition
from core.respondent import RespondentClass
from core.verdict import Verdict
from flows.declarations import FieldDeclaration as FieldDeclaration
from flows.declarations import GlobalKey as GlobalKey
from flows.declarations import Part
from flows.declarations import SpeechRules as SpeechRules
from flows.values import Digits, Key, Phrases, Seconds, Text, Wordings


class Reaction(Part):
    """What follows silence, an invalid key, unsure speech, a hang-up, or giving up."""

    say: Wordings | None = None
    """What is said before the question comes again: one wording, or one for each repeat."""
    written: Wordings | None = None
    """The same in writing, where the survey is held by text message; else `say` is rewritten."""
    goto: str | None = None
    """Where to go on instead of asking again (at once, not after the last attempt)."""


class Choice(Part):
    """One answer of an `ask`."""

    key: Key | None = None
    """The key that gives this answer."""
    value: str | None = None
    """What is stored; the label of the first language where left out."""
    label: Text
    """The answer in words, as reports show it."""
    phrases: Phrases = Field(default_factory=list)
    """Spoken answers, per language or for all."""
    verdict: Verdict | None = None
    """What this answer says about the service."""
    score: float | None = None
    """A number for reports, where the aspect is scored."""
    goto: str | None = None
    """Where to go on; the next step where left out."""


class Reactions(Part):
    """The ways on that are not an answer; shared by `ask` and `number`, settable as defaults."""

    attempts: int = Field(default=3, ge=1, le=5)
    """How often the question is put in all (practice: at most 3 repeats)."""
    timeout: Seconds = 6.0
    """Seconds of silence after the prompt before `on_silence`."""
    inter_digit: Seconds = 3.0
    """Seconds between two keys of a number before it counts as finished."""
    barge_in: bool = True
    """True: keys (and speech) interrupt the prompt."""
    again: list[Text] = Field(default_factory=list)
    """Changed wordings of the question for the second, third ... time."""
    on_silence: Reaction = Reaction()
    """Nobody pressed or said anything."""
    on_invalid: Reaction = Reaction()
    """A key that is no answer, or a number of the wrong length or range."""
    on_unsure: Reaction = Reaction()
    """Something was said that could not be told apart."""
    on_hang_up: Reaction = Reaction()
    """The person hung up; only `goto` to steps that need nobody on the line (set, end)."""
    on_give_up: Reaction = Reaction()
    """All attempts are used; without `goto` the call ends politely."""


class StepBase(Part):
    """What every step may have."""

    id: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")
    """The step's name, for `goto`, results and conditions."""


class Say(StepBase):
    """Speak a text."""

    say: Text
    """The text; a Jinja template over the case's fields, `answers` and `vars`."""
    barge_in: bool = False
    """True: any key skips the rest of the text. Keys of `keys:` always interrupt."""
    notice: bool = False
    """True: this is the notice: who calls, why, whether it is recorded, which key refuses."""
    written: Text | None = None
    """What is written instead in a survey by text message; else `say` is rewritten for it."""


class Play(StepBase):
    """Play a recorded file."""

    play: Text
    """File name in the survey's folder, per language or for all."""
    text: Text | None = None
    """What the recording says: for the simulator, for SMS and for the length check."""
    barge_in: bool = False
    """True: any key skips the rest."""
    notice: bool = False
    """True: this recording is the notice."""
    written: Text | None = None
    """What is written instead in a survey by text message; else `text`."""


class Ask(StepBase, Reactions):
    """Ask for one of several answers, by key or speech."""

    ask: Text
    """The question with its options: the option before its key ("满意请按1")."""
    written: Text | None = None
    """The question as a text message puts it; its options are listed below it where it does not
    name them. Else `ask` is rewritten."""
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The answer's name."""
    aspect: str | None = None
    """The aspect that this question rates, a key of the survey's `aspects`."""
    choices: list[Choice] = Field(min_length=1)
    """The possible answers."""


class Number(StepBase, Reactions):
    """Ask for digits."""

    number: Text
    """The question."""
    written: Text | None = None
    """The question as a text message puts it; else `number` is rewritten."""
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The answer's name."""
    aspect: str | None = None
    """The aspect that this question rates."""
    digits: Digits = 1
    """How many digits: exactly, or [least, most]."""
    least: int | None = None
    """Smallest number accepted."""
    most: int | None = None
    """Largest number accepted."""
    end_key: Key | None = "#"
    """The key that finishes a number of fewer digits than the most."""


class Record(StepBase):
    """Record an open answer."""

    record: Text
    """What is said before the tone."""
    written: Text | None = None
    """The question as a text message puts it, its reply the answer; else `record` is rewritten."""
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The answer's name."""
    aspect: str | None = None
    """The aspect that this is about."""
    seconds: Seconds = 60.0
    """Longest recording."""
    silence: Seconds = 4.0
    """Seconds of silence that end it."""
    end_key: Key | None = "#"
    """The key that ends it."""


class When(StepBase):
    """Go on by a condition."""

    when: str
    """A Jinja expression over fields, `answers` and `vars`, for example
    ``answers.attitude.verdict == 'dissatisfied'``."""
    then: "Branch" = Field(default_factory=list)
    """Steps, or the name of a step to go to, where it is true."""
    otherwise: "Branch" = Field(default_factory=list, alias="else")
    """The same where it is not; written ``else`` in the survey."""


class Set(StepBase):
    """Set variables."""

    set: dict[str, str]
    """Name -> Jinja expression; read as ``vars.NAME``."""


class Call(StepBase):
    """Walk through a part and come back."""

    call: str
    """Name of a part of this survey, or of a file in `use`."""


class Goto(StepBase):
    """Go to a step."""

    goto: str
    """Its name."""


class Transfer(StepBase):
    """Hand the call to a person."""

    transfer: str
    """Name of a transfer target in the settings, or a number or SIP URI."""
    optional: bool = False
    """True: the settings need not name the target; then nobody takes the call, and nothing is
    said before."""
    say: Text | None = None
    """What is said before."""
    on_failure: str | None = None
    """Where to go when nobody takes it; the next step where left out."""


class SendText(StepBase):
    """Send a text message to the called number."""

    text: Text
    """The message."""


class Slot(Part):
    """One time that the person may pick."""

    key: Key
    """The key that picks it."""
    label: Text
    """The time in words."""
    phrases: Phrases = Field(default_factory=list)
    """Spoken answers that pick it."""
    days: int = Field(default=0, ge=0, le=14)
    """Days from today."""
    at: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Time of day, in the called person's time zone."""


class Book(StepBase, Reactions):
    """Let the person pick another time."""

    book: Text
    """The question with its times and keys."""
    written: Text | None = None
    """The question as a text message puts it; else `book` is rewritten."""
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The answer's name."""
    slots: list[Slot] = Field(min_length=1)
    """The times on offer."""


class End(StepBase):
    """Hang up."""

    end: Annotated[
        Disposition,
        BeforeValidator(lambda value: Disposition.COMPLETED if value is None else value),
    ] = Disposition.COMPLETED
    """How the attempt ended."""
    verdict: Verdict | None = None
    """The call's verdict; where left out, that of the aspect `overall`, else the worst given."""
    say: Text | None = None
    """The last words."""
    written: Text | None = None
    """The last words as a text message; else `say` is rewritten."""
    reason: str | None = None
    """Why, for whoever follows up."""


Step = (
    Say | Play | Ask | Number | Record | When | Set | Call | Goto | Transfer | SendText | Book | End
)
VERBS: dict[str, type[StepBase]] = {
    "say": Say,
    "play": Play,
    "ask": Ask,
    "number": Number,
    "record": Record,
    "when": When,
    "set": Set,
    "call": Call,
    "goto": Goto,
    "transfer": Transfer,
    "text": SendText,
    "book": Book,
    "end": End,
}
"""Verb -> type. `say` and `text` are details of other steps, too: a step's verb comes first."""


def verb_of(value: Any) -> str | None:
    """Return the verb of a step, raw (its first key) or read; None where it has none."""
    if isinstance(value, dict):
        first = next(iter(value), None)
        return first if isinstance(first, str) and first in VERBS else None
    return next((verb for verb, kind in VERBS.items() if type(value) is kind), None)


def _verb_tag(value: Any) -> str | None:
    verb = verb_of(value)
    return verb and f"={verb}"


def _branch_shape(value: Any) -> str:
    return "=name" if isinstance(value, str) else "=steps"


AnyStep = Annotated[
    Annotated[Say, Tag("=say")]
    | Annotated[Play, Tag("=play")]
    | Annotated[Ask, Tag("=ask")]
    | Annotated[Number, Tag("=number")]
    | Annotated[Record, Tag("=record")]
    | Annotated[When, Tag("=when")]
    | Annotated[Set, Tag("=set")]
    | Annotated[Call, Tag("=call")]
    | Annotated[Goto, Tag("=goto")]
    | Annotated[Transfer, Tag("=transfer")]
    | Annotated[SendText, Tag("=text")]
    | Annotated[Book, Tag("=book")]
    | Annotated[End, Tag("=end")],
    Discriminator(_verb_tag),
]
"""A step, its type chosen by its verb alone."""
Steps = Annotated[list[AnyStep], Field(min_length=1)]
"""One step after the other."""
Branch = Annotated[
    Annotated[list[AnyStep], Tag("=steps")] | Annotated[str, Tag("=name")],
    Discriminator(_branch_shape),
]
"""Steps, or the name of a step to go to."""


class Shared(Part):
    """A file of steps that several surveys call (named in their `use`)."""

    shared: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    """The file's name."""
    title: Text | None = None
    """What it is for."""
    aspects: dict[str, Text] = Field(default_factory=dict)
    """Aspects that its questions rate; added to those of the survey."""
    fields: dict[str, FieldDeclaration] = Field(default_factory=dict)
    """Fields that its texts and conditions use; added to those of the survey."""
    steps: "Steps"
    """What `call` walks through."""
    parts: "dict[str, Steps]" = Field(default_factory=dict)
    """Further sub-flows; added to those of the survey."""


class Flow(Part):
    """One survey."""

    flow: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    """The survey's name; the file is called the same."""
    version: int = Field(default=1, ge=1)
    """Raised by its author with every change that reports should tell apart."""
    title: Text
    """What it is called on screen."""
    respondents: list[RespondentClass] = Field(default_factory=list)
    """The classes of respondents that it is for."""
    languages: list[str] = Field(min_length=1)
    """Languages, the first one is the default: zh, en, ..."""
    language_field: str | None = None
    """The case's field that chooses the language; else the party's recorded language."""
    aspects: dict[str, Text] = Field(default_factory=dict)
    """What is rated: name -> words. `overall` decides the call's verdict."""
    fields: dict[str, FieldDeclaration] = Field(default_factory=dict)
    """Fields of the case that texts and conditions use."""
    defaults: Reactions = Reactions()
    """Attempts, times and reactions of all questions that do not say otherwise."""
    speech: SpeechRules = SpeechRules()
    """Spoken answers."""
    keys: list[GlobalKey] = Field(default_factory=list)
    """Keys that work everywhere."""
    use: dict[str, str] = Field(default_factory=dict)
    """Other files whose steps may be called: name -> file."""
    steps: "Steps"
    """The survey."""
    parts: "dict[str, Steps]" = Field(default_factory=dict)
    """Sub-flows: name -> steps; they return to where they were called."""


When.model_rebuild()
Shared.model_rebuild()
Flow.model_rebuild()
