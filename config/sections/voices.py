"""`voices`: the voice of each language in the offline speech synthesis."""

from pydantic import Field

from config.section import Section


class VoiceSettings(Section):
    """One voice of the offline speech synthesis."""

    voice: str
    """Name of an espeak-ng voice, for example ``cmn``."""
    speed: int = Field(default=160, ge=80, le=300)
    """Words per minute, as the engine counts them. The default Chinese voice has 200, which is
    between four and five syllables a second."""
    pitch: int = Field(default=50, ge=0, le=99)
    """Pitch, 0-99."""


def default_voices() -> dict[str, VoiceSettings]:
    """Return the voices of the languages that the surveys of the house speak."""
    return {
        "zh": VoiceSettings(voice="cmn", speed=200),
        "en": VoiceSettings(voice="en-gb"),
        "ko": VoiceSettings(voice="ko"),
    }
