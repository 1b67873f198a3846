"""Where speech ends in a recording: measured on the sound itself, not by the voice activity."""

import numpy as np

_FRAME = 160
_UNDER_LOUDEST_DB = 30.0


def spoken_until(pcm: bytes) -> float:
    """Return the seconds at which the last loud 20 ms end: within 30 dB of the loudest."""
    sound = np.frombuffer(pcm, "<i2").astype(np.float64)
    whole = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = (whole**2).mean(axis=1) if len(whole) else np.zeros(1)
    loud = np.flatnonzero(power > max(power.max() / 10 ** (_UNDER_LOUDEST_DB / 10), 1.0))
    return float((loud[-1] + 1) * _FRAME / 8000) if len(loud) else 0.0
