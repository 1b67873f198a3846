"""A synthetic set of keys: Q.24's cases, keys as telephones send them, and what is no key."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from speech.evaluation.recording_set import Evaluates, Head
from speech.evaluation.sounds import SetWriter
from speech.evaluation.talk_off import material
from speech.evaluation.tone_cases import EVERY, pressed, q24_cases


def make_tones(
    folder: Path,
    *,
    count: int,
    minutes: float,
    seed: int,
    q24: bool = True,
    done: Callable[[], None] = lambda: None,
) -> int:
    """Write Q.24's cases, `count` rows of keys and `minutes` without any; return how many.

    The keys are 100 to 300 ms long, as telephones send them. `q24` False: without its cases, some
    of which are so short that they do not outlive a lost packet.
    """
    head = Head(
        evaluates=Evaluates.TONES,
        synthetic=f"ITU-T Q.24 by script; speech of espeak-ng and made music; seed {seed}",
        notes="Made by `huifang evaluate make tones`. No human voice is in it.",
    )
    writer = SetWriter(folder, head)
    for number, case in enumerate(q24_cases(seed) if q24 else ()):
        name = f"q24-{number:03d}-{_plain(case.name)}"
        writer.add(name, case.pcm, case.keys, group=f"Q.24 {case.kind}", words=case.name)
        done()
    dice = np.random.default_rng(seed)
    for number in range(count):
        keys = "".join(dice.permutation(list(EVERY)).tolist())
        seconds = float(dice.choice([0.1, 0.15, 0.2, 0.3]))
        level = float(dice.choice([-6.0, -10.0, -16.0]))
        sound = pressed(keys, seed + number, seconds=seconds, pause=0.1, level=level)
        writer.add(f"keys-{number:04d}", sound, keys, group=f"keys of {seconds * 1000:.0f} ms")
        done()
    for name, pcm in material(minutes * 60, seed):
        writer.add(f"none-{name}", pcm, "", group=name.split("-")[1])
        done()
    return writer.close()


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "+-." else "-" for c in name)
