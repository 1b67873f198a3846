"""One turn as TwiML: what is said, and what is waited for. Pure.

A question is said within its Gather: whatever the person does interrupts it and answers. What
stands before a question is said within a Gather of its own where keys work everywhere, so that
somebody who refuses need not hear the notice to its end.

https://www.twilio.com/docs/voice/twiml and there gather, record, dial, say, play
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twilio.twiml import TwiML
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from flows.exchange import Wait, WaitAnswer, WaitRecording, WaitTransfer
from ivr.cloud.speaking import CloudVoice, Spoken

TYPE = "text/xml; charset=utf-8"
EARLY_SECONDS = 1
"""After what stands before a question: the shortest time-out that the provider knows."""
SETTLE_SECONDS = 1
"""Before the first word: the person says hello."""
MOST_HINTS = 500
LONGEST_HINT = 100
"""Letters."""
REJECT_BUSY = '<Response><Reject reason="busy"/></Response>'
"""Not answered, and not charged."""
HANG_UP = "<Response><Hangup/></Response>"


@dataclass(frozen=True)
class Addresses:
    """Where the provider asks what comes next; each stands for one turn."""

    turn: str
    early: str
    """Where it tells of a key that was pressed before the question was put."""
    transfer: str = ""
    """Where it tells that somebody took a transfer."""


@dataclass(frozen=True)
class Handing:
    """How a call is handed to a person."""

    targets: Mapping[str, str]
    """Name in surveys -> number or SIP URI."""
    caller_id: str
    seconds: float


@dataclass(frozen=True)
class Script:
    """What the provider gets."""

    whole: str
    rest: str
    """Without what stands before the question: for somebody who skips it."""


def script(
    said: Sequence[Spoken],
    wait: Wait,
    at: Addresses,
    voices: Mapping[str, CloudVoice],
    handing: Handing,
    *,
    everywhere: str = "",
    first: bool = False,
) -> Script:
    """Render one turn. `everywhere`: keys that work at every moment. `first`: after the answer."""
    before, question = _parts(said, wait)
    whole, rest = VoiceResponse(), VoiceResponse()
    if first:
        whole.pause(length=SETTLE_SECONDS)
    if before and not isinstance(wait, WaitAnswer | WaitRecording | WaitTransfer):
        _say_all(whole, before)
    elif before:
        _say_before(whole, before, at.early)
    for response in (whole, rest):
        match wait:
            case WaitAnswer():
                _gather(response, question, wait, at.turn, voices.get(wait.language))
            case WaitRecording():
                _record(response, wait, at.turn, everywhere)
            case WaitTransfer():
                _dial(response, wait, at, handing)
            case _:
                response.hangup()
    return Script(str(whole), str(rest))


def last_words(said: Sequence[Spoken]) -> str:
    """Render something that is said before hanging up."""
    response = VoiceResponse()
    _say_all(response, said)
    response.hangup()
    return str(response)


def _parts(said: Sequence[Spoken], wait: Wait) -> tuple[Sequence[Spoken], Sequence[Spoken]]:
    """Return what stands before the question, and the question."""
    first = len(said)
    while isinstance(wait, WaitAnswer) and first and said[first - 1].interruptible:
        first -= 1
    return said[:first], said[first:]


def _say_before(response: VoiceResponse, said: Sequence[Spoken], action: str) -> None:
    if not any(one.interrupted_by or one.skipped_by for one in said):
        _say_all(response, said)
        return
    gather = response.gather(
        input="dtmf",
        action=action,
        method="POST",
        timeout=EARLY_SECONDS,
        num_digits=1,
        finish_on_key="",
    )
    _say_all(gather, said)


def _say_all(into: TwiML, said: Sequence[Spoken]) -> None:
    for one in said:
        if one.voice is not None:
            into.say(one.words, voice=one.voice.voice, language=one.voice.language)
        else:
            into.play(one.url)


def _gather(
    response: VoiceResponse,
    question: Sequence[Spoken],
    wait: WaitAnswer,
    action: str,
    voice: CloudVoice | None,
) -> None:
    number = wait.digits_most > 1
    heard = {}
    if wait.listen and voice is not None and voice.hears:
        heard = {
            "language": voice.hears,
            "hints": hints(wait.phrases),
            "speech_timeout": "auto",
            "profanity_filter": False,
        }
    gather = Gather(
        input="dtmf speech" if heard else "dtmf",
        action=action,
        method="POST",
        # One time-out for the first key and between keys is all that the provider knows.
        timeout=math.ceil(max(wait.timeout, wait.inter_digit if number else 0.0)),
        num_digits=wait.digits_most,
        finish_on_key=(wait.end_key or "") if number else "",
        action_on_empty_result=True,
        **heard,
    )
    _say_all(gather, question)
    response.append(gather)


def hints(phrases: Sequence[str]) -> str:
    """Return the phrases of a question as the provider's recogniser takes them."""
    fit = [phrase for phrase in phrases if "," not in phrase and len(phrase) <= LONGEST_HINT]
    return ",".join(fit[:MOST_HINTS])


def _record(response: VoiceResponse, wait: WaitRecording, action: str, everywhere: str) -> None:
    response.record(
        action=action,
        method="POST",
        max_length=math.ceil(wait.seconds),
        timeout=math.ceil(wait.silence or wait.seconds),
        finish_on_key="".join(dict.fromkeys((wait.end_key or "") + everywhere)),
        play_beep=True,
        trim="do-not-trim",
    )
    # Of a recording without any sound the provider tells nothing, and goes on here.
    response.redirect(action, method="POST")


def _dial(response: VoiceResponse, wait: WaitTransfer, at: Addresses, handing: Handing) -> None:
    target = handing.targets.get(wait.target, wait.target)
    dial = Dial(
        action=at.turn,
        method="POST",
        timeout=math.ceil(handing.seconds),
        caller_id=handing.caller_id,
    )
    told = {
        "status_callback": at.transfer,
        "status_callback_event": "answered",
        "status_callback_method": "POST",
    }
    if target.startswith(("sip:", "sips:")):
        dial.sip(target, **told)
    else:
        dial.number(target, **told)
    response.append(dial)
