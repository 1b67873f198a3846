"""One call at the simulated provider: TwiML performed to a simulated person, in time of its own.

Nothing is waited for but our answers: what happens when (a prompt ends, a key is pressed, a
time-out passes, a mailbox beeps) is reckoned in seconds of the call.
"""

import math
import xml.etree.ElementTree as Xml
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ivr.people.person import BEEP_SECONDS, GREETING_SECONDS, Action, HangUp, Person, Press, Speak

SECONDS_A_LETTER = 0.2
PLAY_SECONDS = 4.0
HUMAN_SECONDS = 1.0
FAX_SECONDS = 2.5
NEVER = math.inf
Ask = Callable[[str, dict[str, str]], Awaitable[str | None]]
"""Makes a webhook request; returns the TwiML, None where there was none."""


class Over(Exception):
    """The call is over."""


class Redirected(Exception):
    """Somebody gave the call another document."""


@dataclass
class Line:
    """The sound of one answered call."""

    person: Person
    ask: Ask
    record: Callable[[str, float], str]
    """(source, seconds) -> the recording's name."""
    machine: Callable[[str], Awaitable[None]] | None = None
    """Tells who picked up; None: nobody wants to know, or it was told before."""
    wait_for_greeting: bool = False
    document: str = ""
    """Another document, given from outside."""
    over: bool = False
    """True: somebody ended the call from outside."""
    said: list[str] = field(default_factory=list)
    """Words and addresses of all that was heard."""
    now: float = 0.0
    _used: int = 0
    _began: float = 0.0
    _end: float = 0.0
    _actions: list[tuple[float, Action]] = field(default_factory=list)
    _heard: int = 0

    async def hold(self, document: str | None) -> None:
        """Perform documents until the call is over."""
        while document:
            try:
                document = await self._perform(self._read(document))
            except Redirected:
                document, self.document = self.document, ""
            except Over:
                return
            if self.over:
                return

    def _read(self, document: str) -> list[Xml.Element]:
        verbs = list(Xml.fromstring(document))  # noqa: S314 - our own product's
        seconds = 0.0
        for verb in verbs:
            seconds += sum(_length(each) for each in verb.iter())
            if verb.tag in ("Record", "Dial") or verb.get("actionOnEmptyResult"):
                break
            if verb.tag == "Gather":  # a pause before what comes next is part of what is heard
                seconds += float(verb.get("timeout", "5"))
        self._hear(seconds)
        return verbs

    def _hear(self, seconds: float) -> None:
        """The person hears a prompt of so many seconds, and makes up his mind."""
        self._began, self._end = self.now, self.now + seconds
        reaction = self.person.script.reaction(self._used)
        self._actions, at = [], self._began
        for action in reaction.during:
            at += action.after
            if at >= self._end:
                break
            self._actions.append((at, action))
        at = max(self._end, at)
        for action in reaction.then:
            at += action.after
            self._actions.append((at, action))
        self._reacted = False

    async def _perform(self, verbs: list[Xml.Element]) -> str | None:
        for verb in verbs:
            match verb.tag:
                case "Gather":
                    given = await self._gather(verb)
                    if given or verb.get("actionOnEmptyResult") == "true":
                        return await self.ask(_address(verb), given or {"Digits": ""})
                case "Record":
                    if recorded := await self._recorded(verb):
                        return await self.ask(_address(verb), recorded)
                case "Dial":
                    return await self._dial(verb)
                case "Redirect":
                    return await self.ask((verb.text or "").strip(), {})
                case "Hangup":
                    raise Over
                case _:
                    await self._play(verb, interruptible=False)
        raise Over

    # ------------------------------------------------------------------------- what is heard

    async def _play(self, verb: Xml.Element, *, interruptible: bool) -> Action | None:
        """Say or play; return what the person did, where it is listened to."""
        self.said.append((verb.text or "").strip())
        return await self._until(self.now + _length(verb), listens=interruptible)

    async def _until(self, moment: float, *, listens: bool, speech: bool = True) -> Action | None:
        """Go on to `moment`, or to what the person does before; what is not listened to is lost."""
        while True:
            action_at = self._actions[0][0] if self._actions else NEVER
            told_at = self._told_at()
            at = min(action_at, told_at)
            if at > moment:
                self.now = max(self.now, moment)
                return None
            self.now = max(self.now, at)
            if told_at <= action_at:
                await self._tell()
                continue
            action = self._act()
            if isinstance(action, HangUp):
                raise Over
            if listens and (speech or isinstance(action, Press)):
                return action

    def _act(self) -> Action:
        _, action = self._actions.pop(0)
        if not self._reacted:
            self._used, self._reacted = self._used + 1, True
        return action

    def _told_at(self) -> float:
        if self.machine is None:
            return NEVER
        if self.person.machine:
            return GREETING_SECONDS + BEEP_SECONDS if self.wait_for_greeting else 2.0
        return FAX_SECONDS if self.person.fax else HUMAN_SECONDS

    async def _tell(self) -> None:
        assert self.machine is not None
        tell, self.machine = self.machine, None
        await tell(answered_by(self.person, wait_for_greeting=self.wait_for_greeting))
        if self.document:
            raise Redirected

    # -------------------------------------------------------------------------- what is done

    async def _gather(self, verb: Xml.Element) -> dict[str, str]:
        speech = "speech" in verb.get("input", "dtmf")
        for prompt in verb:
            if (action := await self._play(prompt, interruptible=True)) is not None:
                if isinstance(action, Speak) and not speech:
                    continue
                return await self._collect(verb, action, speech=speech)
        patience = float(verb.get("timeout", "5"))
        action = await self._until(self.now + patience, listens=True, speech=speech)
        return {} if action is None else await self._collect(verb, action, speech=speech)

    async def _collect(self, verb: Xml.Element, action: Action, *, speech: bool) -> dict[str, str]:
        if isinstance(action, Speak):
            self.now += action.seconds
            if not action.words:
                return {}
            return {"SpeechResult": action.words, "Confidence": str(action.confidence)}
        most, finish = int(verb.get("numDigits", "99")), verb.get("finishOnKey", "#")
        digits = ""
        while isinstance(action, Press):
            for key in action.keys:
                if key in finish and digits:
                    return {"Digits": digits}
                digits += key
                if len(digits) >= most:
                    return {"Digits": digits}
            patience = float(verb.get("timeout", "5"))
            further = await self._until(self.now + patience, listens=True, speech=speech)
            if further is None:
                break
            action = further
        return {"Digits": digits}

    async def _recorded(self, verb: Xml.Element) -> dict[str, str]:
        silence, most = float(verb.get("timeout", "5")), float(verb.get("maxLength", "3600"))
        began, quiet_since, sound = self.now, self.now, False
        ended = ""
        try:
            while True:
                until = min(began + most, quiet_since + silence)
                action = await self._until(until, listens=True)
                if action is None:
                    break
                if isinstance(action, Speak):
                    sound = True
                    self.now = quiet_since = self.now + action.seconds
                elif isinstance(action, Press) and set(action.keys) & set(
                    verb.get("finishOnKey", "1234567890*#")
                ):
                    ended = action.keys[0]
                    break
        except Over:
            if sound:
                await self.ask(_address(verb), self._told_recording(began, "hangup"))
            raise
        return self._told_recording(began, ended) if sound else {}

    def _told_recording(self, began: float, ended: str) -> dict[str, str]:
        seconds = max(1, round(self.now - began))
        sid = self.record("RecordVerb", seconds)
        told = {"RecordingSid": sid, "RecordingDuration": str(seconds)}
        return told | ({"Digits": ended} if ended else {})

    async def _dial(self, verb: Xml.Element) -> str | None:
        """Somebody takes it, talks for a minute, and hangs up; `busy` in the number: nobody."""
        target = verb[0]
        if "busy" in (target.text or ""):
            return await self.ask(_address(verb), {"DialCallStatus": "busy"})
        await self.ask(
            target.get("statusCallback", ""), {"CallStatus": "in-progress", "_child": "yes"}
        )
        self.now += 60
        told = {"DialCallStatus": "completed", "DialCallDuration": "60"}
        return await self.ask(_address(verb), told)


def answered_by(person: Person, *, wait_for_greeting: bool) -> str:
    """Return AnsweredBy."""
    if person.machine:
        return "machine_end_beep" if wait_for_greeting else "machine_start"
    return "fax" if person.fax else "human"


def _address(verb: Xml.Element) -> str:
    return verb.get("action", "")


def _length(verb: Xml.Element) -> float:
    words = (verb.text or "").strip()
    if verb.tag == "Say":
        return max(1.0, len(words) * SECONDS_A_LETTER)
    if verb.tag == "Play":
        return PLAY_SECONDS
    return float(verb.get("length", "1")) if verb.tag == "Pause" else 0.0
