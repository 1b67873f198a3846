"""All that is listened for until it is known who picked up, over one stream of sound."""

from speech.activity import Began, Ended, VoiceActivity
from speech.beep import BeepDetector
from speech.pickup.tones import Tone, ToneSigns

_BYTES = 16000
"""Bytes of a second: 8,000 samples of 16 bit."""


class PickUpEar:
    """Hears speech begin and end, tones and a mailbox's beep in 8 kHz, 16 bit mono samples."""

    def __init__(self) -> None:
        self.heard = 0.0
        """Seconds of sound until now."""
        self._activity = VoiceActivity()
        self._since = 0.0
        """When the voice activity began to listen."""
        self._tones = ToneSigns()
        self._beep: BeepDetector | None = None

    @property
    def speaking(self) -> bool:
        """True while somebody speaks."""
        return self._activity.speaking

    def answered(self) -> None:
        """The call was answered: music and announcements of the network are over."""
        self._activity, self._since = VoiceActivity(), self.heard
        self._tones = ToneSigns()
        self._beep = BeepDetector()

    def feed(self, pcm: bytes) -> list[Began | Ended | Tone]:
        """Take samples of any length; return what they tell (times: of all sound fed)."""
        told: list[Began | Ended | Tone] = []
        for event in self._activity.feed(pcm):
            at = event.at + self._since
            told.append(Began(at) if isinstance(event, Began) else Ended(at))
        told += [Tone(tone.name, tone.at + self._since) for tone in self._tones.feed(pcm)]
        self.heard += len(pcm) / _BYTES
        if self._beep is not None and self._beep.feed(pcm):
            told.append(Tone("beep", self.heard))
        return told
