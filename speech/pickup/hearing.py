"""Judging a recording as a call would be judged, without recognition: for trying and measuring."""

from speech.activity import Began, Ended
from speech.pickup.ear import PickUpEar
from speech.pickup.judge import Judgement, PickUpJudge, Tuning

STEP = 640
"""Bytes fed at a time: 40 ms, as a call does."""
_HANG_OVER = 0.4
"""Seconds of quiet that may have passed already while speech counts as going on."""


def judged(
    pcm: bytes, *, answered_at: float | None = 0.0, tuning: Tuning | None = None
) -> list[tuple[float, Judgement]]:
    """Return what becomes clear from `pcm` (8 kHz, 16 bit, mono), and when.

    Seconds of its sound; `answered_at`: when the call is answered; None: never.
    """
    ear, judge = PickUpEar(), PickUpJudge(tuning)
    told: list[tuple[float, Judgement]] = []
    waiting = answered_at
    for at in range(0, len(pcm), STEP):
        if waiting is not None and ear.heard >= waiting:
            judge.answered(ear.heard)
            ear.answered()
            waiting = None
        for event in ear.feed(pcm[at : at + STEP]):
            if isinstance(event, Began):
                judge.began(event.at)
            elif isinstance(event, Ended):
                judge.ended(event.at)
            else:
                judge.tone(event.name, event.at)
        if ear.speaking:
            judge.goes_on(ear.heard - _HANG_OVER)
        told += [(ear.heard, one) for one in judge.judge(ear.heard)]
    return told
