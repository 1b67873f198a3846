"""What a request says of the person."""

import pytest

from flows.exchange import (
    Finished,
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
from ivr.cloud.reading import input_of

KEYS = WaitAnswer("overall", "139")
SPOKEN = WaitAnswer("overall", "139", listen=True)
OPEN = WaitRecording("opinion", 30, 3)
DESK = WaitTransfer("desk", "desk")
SOUND = {"RecordingSid": "RE1", "RecordingDuration": "12"}


@pytest.mark.parametrize(
    ("wait", "fields", "given"),
    [
        (KEYS, {"Digits": "3"}, Keys("3")),
        (KEYS, {"Digits": "3w"}, Keys("3")),
        (KEYS, {}, Silence()),
        (KEYS, {"SpeechResult": "满意"}, Silence()),
        (SPOKEN, {"SpeechResult": " 满意 ", "Confidence": "0.8"}, Speech("满意", 0.8)),
        (SPOKEN, {"SpeechResult": "满意", "Confidence": "1.7"}, Speech("满意", 1.0)),
        (SPOKEN, {"SpeechResult": "满意", "Confidence": "sure"}, Speech("满意", 0.0)),
        (SPOKEN, {"SpeechResult": "满意", "Digits": "3"}, Keys("3")),
        (OPEN, SOUND | {"Digits": "#"}, Recorded("a.wav", 12.0, "key")),
        (OPEN, SOUND | {"Digits": "hangup"}, Recorded("a.wav", 12.0, "hang_up")),
        (OPEN, SOUND, Recorded("a.wav", 12.0, "silence")),
        (OPEN, SOUND | {"RecordingDuration": "30"}, Recorded("a.wav", 30.0, "limit")),
        (OPEN, SOUND | {"RecordingDuration": "0"}, Silence()),
        (OPEN, {"RecordingDuration": "12"}, Silence()),
        (DESK, {"DialCallStatus": "completed"}, TransferEnded(True, "completed")),
        (DESK, {"DialCallStatus": "busy"}, TransferEnded(False, "busy")),
        (DESK, {}, TransferEnded(False, "")),
        (Finished(), {"Digits": "3"}, HungUp()),
    ],
)
def test_a_request_is_an_input(wait: Wait, fields: dict[str, str], given: Input) -> None:
    assert input_of(wait, fields, "a.wav") == given
