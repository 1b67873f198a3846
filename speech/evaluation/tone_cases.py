"""Keys as ITU-T Q.24 tries a receiver: what must be heard, and what must not be. Pure.

The limits are those of Q.24's table A-1, column "AT&T" (the others are no stricter on what must
be heard): frequencies off by 1.5 % heard and by 3.5 % not; the high tone up to 4 dB stronger, the
low one up to 8 dB; 40 ms heard and 23 ms not; pauses of 40 ms part two keys, gaps of 10 ms do not;
0 to -25 dBm heard and -55 dBm not. Noise lies 15 dB under each frequency's level.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from speech.tones import KEYS, amplitude, key_frequencies, tone_pcm

EVERY = "".join(KEYS)
LEVEL = -10.0
"""dBm0 of each frequency where the case is about something else."""


@dataclass(frozen=True)
class ToneCase:
    """One sound: keys that must be heard in it, in order."""

    name: str
    kind: str
    """``deviation``, ``twist``, ``length``, ``pause``, ``level``, ``noise`` or ``no_key``."""
    keys: str
    """Empty: nothing may be heard."""
    pcm: bytes
    """8 kHz, 16 bit, mono."""


def q24_cases(seed: int = 24) -> Iterator[ToneCase]:
    """Make every case of acceptance and rejection. `seed`: of the noise and the phases."""
    dice = np.random.default_rng(seed)
    yield from _deviations(dice)
    yield from _twists(dice)
    yield from _lengths(dice)
    yield from _pauses(dice)
    yield from _levels(dice)
    yield from _noises(dice)
    yield from _together(dice)
    yield from _no_keys(dice)


def _rows(
    dice: np.random.Generator,
    *,
    off: tuple[float, float] = (0.0, 0.0),
    levels: tuple[float, float] = (LEVEL, LEVEL),
    seconds: float = 0.05,
    pause: float = 0.05,
) -> bytes:
    """Return all sixteen keys one after another, beginning anywhere in a block, at any phase."""
    made = [quiet(0.1 + float(dice.integers(0, 160)) / 8000)]
    for key in EVERY:
        low, high = key_frequencies(key)
        tone = tone_pcm(
            low * (1 + off[0]),
            high * (1 + off[1]),
            seconds=seconds,
            level=levels,
            phase=float(dice.uniform(0, 2 * np.pi)),
        )
        made += [tone, quiet(pause)]
    return b"".join([*made, quiet(0.15)])


def _deviations(dice: np.random.Generator) -> Iterator[ToneCase]:
    for low, high in product((-0.015, 0.0, 0.015), repeat=2):
        name = f"deviation {low:+.1%} {high:+.1%}"
        pcm = noisy(_rows(dice, off=(low, high)), LEVEL - 25, dice)
        yield ToneCase(name, "deviation", EVERY, pcm)
    wrong = [(low, high) for low, high in product((-0.035, 0.0, 0.035), repeat=2) if low or high]
    for low, high in wrong:
        name = f"deviation {low:+.1%} {high:+.1%}"
        sound = _rows(dice, off=(low, high), seconds=0.2)
        yield ToneCase(name, "deviation", "", noisy(sound, LEVEL - 25, dice))


def _twists(dice: np.random.Generator) -> Iterator[ToneCase]:
    for high in (4.0, 2.0, -4.0, -8.0):
        levels = (LEVEL, LEVEL + high)
        name = f"twist {high:+.0f} dB"
        yield ToneCase(name, "twist", EVERY, noisy(_rows(dice, levels=levels), LEVEL - 30, dice))


def _lengths(dice: np.random.Generator) -> Iterator[ToneCase]:
    for milliseconds in (40, 50, 100, 1000):
        sound = _rows(dice, seconds=milliseconds / 1000, pause=0.06)
        yield ToneCase(f"length {milliseconds} ms", "length", EVERY, sound)
    for milliseconds in (5, 10, 15, 20, 23):
        sound = _rows(dice, seconds=milliseconds / 1000, pause=0.08)
        yield ToneCase(f"length {milliseconds} ms", "length", "", sound)


def _pauses(dice: np.random.Generator) -> Iterator[ToneCase]:
    for milliseconds in (40, 45, 60, 100):
        made = [quiet(0.1)]
        for key in EVERY:
            tone = tone_pcm(*key_frequencies(key), seconds=0.05, level=LEVEL)
            made += [tone, quiet(milliseconds / 1000)] * 2
        doubled = "".join(2 * key for key in EVERY)
        sound = b"".join([*made, quiet(0.2)])
        yield ToneCase(f"pause {milliseconds} ms", "pause", doubled, sound)
    for milliseconds in (1, 5, 10):
        made = [quiet(0.1 + float(dice.integers(0, 160)) / 8000)]
        for key in EVERY:
            tone = tone_pcm(*key_frequencies(key), seconds=0.06, level=LEVEL)
            made += [tone, quiet(milliseconds / 1000), tone, quiet(0.08)]
        name = f"interrupted {milliseconds} ms"
        yield ToneCase(name, "pause", EVERY, b"".join([*made, quiet(0.1)]))
    # 93 ms from key to key: the fastest dialling that a receiver must follow.
    yield ToneCase("93 ms a key", "pause", EVERY, _rows(dice, seconds=0.05, pause=0.043))


def _levels(dice: np.random.Generator) -> Iterator[ToneCase]:
    for level in (0.0, -3.0, -10.0, -20.0, -25.0):
        sound = _rows(dice, levels=(level, level))
        yield ToneCase(f"level {level:.0f} dBm0", "level", EVERY, sound)
    for level in (-55.0, -60.0):
        sound = _rows(dice, levels=(level, level), seconds=0.2)
        yield ToneCase(f"level {level:.0f} dBm0", "level", "", sound)


def _noises(dice: np.random.Generator) -> Iterator[ToneCase]:
    for number in range(1, 6):
        sound = noisy(_rows(dice), LEVEL - 15, dice)
        yield ToneCase(f"noise 15 dB under it, {number}", "noise", EVERY, sound)


def _together(dice: np.random.Generator) -> Iterator[ToneCase]:
    """What a bad line does at once: faint, uneven, off, short, in noise."""
    for low, high in product((-0.012, 0.012), repeat=2):
        for twist in (3.0, -6.0):
            levels = (-20.0, -20.0 + twist)
            sound = _rows(dice, off=(low, high), levels=levels, seconds=0.045)
            name = f"together {low:+.1%} {high:+.1%} {twist:+.0f} dB"
            yield ToneCase(name, "noise", EVERY, noisy(sound, -20 - 20 + min(twist, 0), dice))


def _no_keys(dice: np.random.Generator) -> Iterator[ToneCase]:
    """Sounds of the network and of other machines."""
    single = (350, 400, 425, 440, 450, 480, 620, 697, 770, 852, 941, 1000, 1209, 1336, 1477, 1633)
    for hertz in single:
        yield ToneCase(f"{hertz} Hz", "no_key", "", tone_pcm(hertz, seconds=0.5) + quiet(0.1))
    pairs = ((350, 440), (440, 480), (480, 620), (697, 770), (852, 941), (1209, 1336), (1100, 2100))
    for one, other in (*pairs, (1477, 1633), (700, 900), (1380, 1500), (1700, 1500)):
        sound = tone_pcm(one, other, seconds=0.5) + quiet(0.1)
        yield ToneCase(f"{one} and {other} Hz", "no_key", "", sound)
    three = tone_pcm(697, 1209, 1477, seconds=0.5) + quiet(0.1)
    yield ToneCase("three frequencies", "no_key", "", three)
    yield ToneCase("noise alone", "no_key", "", noisy(quiet(5.0), -15.0, dice))
    sit = b"".join(tone_pcm(hertz, seconds=0.33, level=-20) for hertz in (950, 1400, 1800))
    yield ToneCase("information tones", "no_key", "", sit + quiet(0.1))


def pressed(
    keys: str, seed: int, *, seconds: float = 0.1, pause: float = 0.1, level: float = LEVEL
) -> bytes:
    """Return `keys` as a telephone sends them as tones, beginning anywhere in a packet."""
    dice = np.random.default_rng(seed)
    made = [quiet(0.1 + float(dice.integers(0, 160)) / 8000)]
    for key in keys:
        made += [tone_pcm(*key_frequencies(key), seconds=seconds, level=level), quiet(pause)]
    return b"".join([*made, quiet(0.15)])


def quiet(seconds: float) -> bytes:
    """Return silence."""
    return bytes(2 * round(seconds * 8000))


def noisy(pcm: bytes, level: float, dice: np.random.Generator) -> bytes:
    """Add white noise of `level` dBm0."""
    sound: NDArray[np.float64] = np.frombuffer(pcm, "<i2").astype(np.float64)
    sound = sound + dice.normal(0, amplitude(level) / 2**0.5, len(sound))
    return np.clip(np.round(sound), -32768, 32767).astype("<i2").tobytes()
