"""What a telephone line does to a sound: level, noise, codec, lost packets. Pure and seeded.

In that order, as on the way from a mouth to the house: the telephone's level and the room's noise,
the codec, the network, and what the jitter buffer puts where a packet is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import AuthorError, problem
from speech.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from speech.loudness import loudness

PACKET = 160
"""Samples of a packet: 20 ms."""
_HISTORY = 480
"""Samples in which concealment looks for the pitch."""
_SHORTEST, _LONGEST = 40, 120
"""Samples of a pitch period: 200 to 66 Hz (ITU-T G.711 appendix I)."""
_FADE = 80
"""Samples (10 ms) after which the repetition fades by a fifth, and so on; after 60 ms: silence."""

Samples = NDArray[np.float64]

CODECS: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda pcm: pcm,
    "pcma": lambda pcm: decode_alaw(encode_alaw(pcm)),
    "pcmu": lambda pcm: decode_ulaw(encode_ulaw(pcm)),
}
CONCEALMENTS = ("repeat", "silence")


@dataclass(frozen=True)
class Augmentation:
    """What is done to every recording of a set."""

    level: float = 0.0
    """Decibels by which it is made louder or softer."""
    snr: float | None = None
    """Decibels by which the noise lies under the loud parts of the recording; None: no noise."""
    hum: float | None = None
    """The same of a mains hum of 50 Hz and its harmonics."""
    codec: str = "none"
    """``none``, ``pcma`` or ``pcmu``."""
    loss: float = 0.0
    """Percent of packets lost."""
    burst: float = 1.0
    """Packets lost in a row on average (Gilbert's model); 1: each by itself."""
    conceal: str = "repeat"
    """What takes a lost packet's place: ``repeat`` (G.711 appendix I) or ``silence``."""
    seed: int = 1
    """Another seed, another noise and other packets."""

    def apply(self, pcm: bytes, number: int = 0) -> bytes:
        """Return `pcm` (8 kHz, 16 bit, mono) as it arrives. `number`: of the recording."""
        dice = np.random.default_rng([self.seed, number])
        sound = np.frombuffer(pcm, "<i2").astype(np.float64) * 10 ** (self.level / 20)
        sound = self._noisy(sound, dice)
        coded = CODECS[self.codec](_pcm(sound))
        if not self.loss:
            return coded
        return _lossy(coded, _lost(len(coded) // 2, self.loss / 100, self.burst, dice), self)

    def _noisy(self, sound: Samples, dice: np.random.Generator) -> Samples:
        if self.snr is None and self.hum is None:
            return sound
        active = loudness((sound / 32768).astype(np.float32), 8000).active_dbov
        level = max(active, -60.0)
        if self.snr is not None:
            strength = 32768 * 10 ** ((level - self.snr) / 20)
            sound = sound + _telephone_noise(len(sound), dice) * strength
        if self.hum is not None:
            strength = 32768 * 10 ** ((level - self.hum) / 20)
            at = 2 * np.pi * 50 * np.arange(len(sound)) / 8000
            sound = sound + strength * (np.sin(at) + np.sin(2 * at) + np.sin(3 * at)) / 1.5**0.5
        return sound

    def described(self) -> dict[str, object]:
        """Return what differs from leaving the sound alone, for reports."""
        untouched = Augmentation()
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != getattr(untouched, field.name)
        }


def parse(written: str) -> Augmentation:
    """Read ``snr=15,loss=5,codec=pcma,level=-10``. Raises AuthorError for what it does not know."""
    found = Augmentation()
    known = {field.name: field for field in fields(Augmentation)}
    for part in filter(None, (each.strip() for each in written.split(","))):
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in known:
            raise AuthorError(
                problem("evaluation-augment-unknown", name=name, known=", ".join(known))
            )
        value_of: dict[str, Any] = {name: _value(name, value)}
        found = replace(found, **value_of)
    return found


def _value(name: str, value: str) -> float | int | str:
    choices = {"codec": tuple(CODECS), "conceal": CONCEALMENTS}.get(name)
    if choices is not None:
        if value not in choices:
            raise AuthorError(
                problem(
                    "evaluation-augment-choice", name=name, value=value, known=", ".join(choices)
                )
            )
        return value
    low, high = _RANGES[name]
    try:
        number = int(value) if name == "seed" else float(value)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise AuthorError(
            problem(
                "evaluation-augment-range", name=name, value=value, low=f"{low:g}", high=f"{high:g}"
            )
        )
    return number


_RANGES = {
    "level": (-60.0, 30.0),
    "snr": (-10.0, 90.0),
    "hum": (-10.0, 90.0),
    "loss": (0.0, 50.0),
    "burst": (1.0, 20.0),
    "seed": (0, 2**31),
}


def _telephone_noise(count: int, dice: np.random.Generator) -> Samples:
    """Noise of a room over a telephone: pink, from 200 to 3,400 Hz, of mean square 1."""
    spectrum = np.fft.rfft(dice.normal(0, 1, count))
    hertz = np.fft.rfftfreq(count, 1 / 8000)
    spectrum *= ((hertz > 200) & (hertz < 3400)) / np.sqrt(np.maximum(hertz, 200))
    sound = np.fft.irfft(spectrum, count)
    power = float((sound**2).mean()) if count else 0.0
    return np.asarray(sound / max(power, 1e-12) ** 0.5, dtype=np.float64)


def _lost(count: int, share: float, burst: float, dice: np.random.Generator) -> NDArray[np.bool_]:
    """Return which packets are lost. The first never is."""
    packets = -(-count // PACKET)
    recover = 1 / burst
    fall = min(1.0, share * recover / max(1 - share, 1e-9))
    lost = np.zeros(packets, np.bool_)
    for packet in range(1, packets):
        lost[packet] = dice.random() < (1 - recover if lost[packet - 1] else fall)
        # Packets lost each by itself: the one before does not matter.
        if burst <= 1:
            lost[packet] = dice.random() < share
    return lost


def _lossy(pcm: bytes, lost: NDArray[np.bool_], how: Augmentation) -> bytes:
    sound = np.frombuffer(pcm, "<i2").astype(np.float64)
    made = sound.copy()
    gone = 0
    for packet in np.flatnonzero(lost).tolist():
        begin, end = packet * PACKET, min((packet + 1) * PACKET, len(sound))
        gone = gone + 1 if packet and lost[packet - 1] else 1
        if how.conceal == "silence":
            made[begin:end] = 0
        else:
            # What was heard before the gap is repeated, also over its second packet and so on.
            first = begin - (gone - 1) * PACKET
            made[begin:end] = _repeated(made[max(0, first - _HISTORY) : first], gone)[: end - begin]
    return _pcm(made)


def _repeated(before: Samples, gone: int) -> Samples:
    """Return the `gone`th packet of a gap after `before`: its last pitch period again and again."""
    if len(before) < 2 * _LONGEST:
        return np.zeros(PACKET)
    last = before[-_LONGEST:]
    lags = np.arange(_SHORTEST, _LONGEST + 1)
    earlier = np.stack([before[len(before) - _LONGEST - lag : len(before) - lag] for lag in lags])
    energy = np.maximum((earlier**2).sum(axis=1), 1.0)
    period = int(lags[((earlier @ last) / np.sqrt(energy)).argmax()])
    at = np.arange((gone - 1) * PACKET, gone * PACKET)
    fade = np.clip(1 - 0.2 * np.maximum(at - _FADE, 0) / _FADE, 0, 1)
    return np.asarray(before[-period:][at % period] * fade, dtype=np.float64)


def _pcm(sound: Samples) -> bytes:
    return np.clip(np.round(sound), -32768, 32767).astype("<i2").tobytes()
