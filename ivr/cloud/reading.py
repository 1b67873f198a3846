"""What a request of the provider says of the person: its fields -> an input of the survey. Pure.

https://www.twilio.com/docs/voice/twiml/gather, /record, /dial (parameters of the `action` request)
"""

from collections.abc import Mapping

from flows.exchange import (
    HungUp,
    Input,
    Keys,
    Recorded,
    Silence,
    Speech,
    TransferEnded,
    Wait,
    WaitAnswer,
    WaitRecording,
    WaitTransfer,
)

TAKEN = frozenset({"completed", "answered"})
"""DialCallStatus of a transfer that somebody took."""
HANGUP = "hangup"
"""What stands in Digits where a recording was ended by the end of the call."""
KEYS = frozenset("0123456789*#")


def input_of(wait: Wait, fields: Mapping[str, str], recording: str) -> Input:
    """Return what the person did; `recording`: where his open answer will lie.

    What is not there is silence: the provider asks on after its time-out.
    """
    match wait:
        case WaitAnswer():
            return _answer(wait, fields)
        case WaitRecording():
            return _recording(wait, fields, recording)
        case WaitTransfer():
            status = fields.get("DialCallStatus", "")
            return TransferEnded(status in TAKEN, status)
    return HungUp()


def keys_of(fields: Mapping[str, str]) -> str:
    """Return the keys that were pressed; what is no key is none."""
    return "".join(key for key in fields.get("Digits", "") if key in KEYS)


def recording_sid(fields: Mapping[str, str]) -> str:
    """Return the provider's name of the recording that the request tells of; empty: none."""
    return fields.get("RecordingSid", "")


def _answer(wait: WaitAnswer, fields: Mapping[str, str]) -> Input:
    if keys := keys_of(fields):  # the keypad is surer than speech
        return Keys(keys)
    words = fields.get("SpeechResult", "").strip()
    if not words or not wait.listen:
        return Silence()
    return Speech(words, _confidence(fields.get("Confidence", "")))


def _confidence(written: str) -> float:
    try:
        return min(1.0, max(0.0, float(written)))
    except ValueError:
        return 0.0


def _recording(wait: WaitRecording, fields: Mapping[str, str], recording: str) -> Input:
    seconds = fields.get("RecordingDuration", "")
    if not recording_sid(fields) or not seconds.isdigit() or seconds == "0":
        return Silence()
    ended = fields.get("Digits", "")
    if ended == HANGUP:
        ended_by = "hang_up"
    elif ended:
        ended_by = "key"
    else:
        ended_by = "limit" if int(seconds) >= wait.seconds else "silence"
    return Recorded(recording, float(seconds), ended_by)
