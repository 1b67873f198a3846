"""`voices`: the voice of each language in the offline speech synthesis."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from config.section import Section


class VoiceSettings(Section):
    """One voice of the offline speech synthesis."""

    voice: str = ""
    """espeak: name of an espeak-ng voice, for example ``cmn``. piper: number or name of the
    speaker where the model has several."""
    speed: int = Field(default=160, ge=80, le=300)
    """Words per minute, as the engine counts them. The default Chinese voice has 200, which is
    between four and five syllables a second. piper: 160 is the model's own pace."""
    pitch: int = Field(default=50, ge=0, le=99)
    """Pitch, 0-99; espeak only."""
    engine: Literal["espeak", "piper"] = "espeak"
    """``espeak`` comes with Huifang; ``piper`` speaks with a neural voice that you bring."""
    model: Path | None = None
    """piper: the voice's .onnx file; its .onnx.json lies beside it."""


def default_voices() -> dict[str, VoiceSettings]:
    """Return the voices of the languages that the surveys of the house speak."""
    return {
        "zh": VoiceSettings(voice="cmn", speed=200),
        "en": VoiceSettings(voice="en-gb"),
        "ko": VoiceSettings(voice="ko"),
    }
