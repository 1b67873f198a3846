"""Evaluating who picked up: each recording goes the way of a call's first sounds.

The same objects as in a SIP call: `FirstSounds` listens (voice activity, tones, beep), `PickUp`
feeds the recogniser and the judge. Only the sound comes out of a file, by its own time; the time
that the recogniser takes is not in the delays.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from ivr.channels.contract import AnnouncementHeard, Event, PickUpDecided
from ivr.channels.sip.first_sounds import FirstSounds
from ivr.channels.sip.pickup import PickUp, PickUpRules
from ivr.evaluation.line import FRAME, SoundClock, SoundSource
from speech.contract import Announcement, PickedUpBy, Recogniser
from speech.evaluation.recording_set import Recording

PATIENCE_SECONDS = 15.0
"""Silence put behind a recording: until then it must be decided."""
UNDECIDED = "undecided"
LABELS = (*(by.value for by in PickedUpBy), *(one.value for one in Announcement))


@dataclass(frozen=True)
class PickedUpHeard:
    """What became of one recording."""

    recording: Recording
    result: str
    """`LABELS`, or `UNDECIDED`."""
    sign: str
    """By what it was known."""
    delay: float | None
    """Seconds of sound from the end of the greeting (silence: from the answer) to the decision."""


async def picked_up(
    recording: Recording,
    pcm: bytes,
    spoken_until: float,
    rules: PickUpRules,
    recogniser: Recogniser | None,
) -> PickedUpHeard:
    """Judge `pcm` as a call would; it ends with the first decision."""
    clock, source = SoundClock(), SoundSource()
    events: list[Event] = []
    house = PickUp(rules, recogniser, events.append, lambda: None, clock=lambda: clock.seconds)

    def happened(what: str, *, at: float, sign: str) -> None:
        if what == "first_sound":
            house.heard(sign, datetime.fromtimestamp(at, UTC))

    line = FirstSounds(
        source,
        happened,
        (lambda _, sound: house.sound(sound)) if recogniser else None,
        clock=lambda: clock.seconds,
    )
    waiting = recording.answered_at
    found: Event | None = None
    for at in range(0, len(pcm), FRAME):
        if waiting is not None and clock.seconds >= waiting:
            line.answered(clock.seconds)
            house.answered(clock.now())
            waiting = None
        frame = pcm[at : at + FRAME]
        clock.seconds += len(frame) / 16000
        source.waiting.append(frame)
        line.turn(clock.seconds)
        await house.recognised()
        house.look()
        found = next(filter(_tells, events), None)
        if found is not None:
            break
    house.close()
    if not isinstance(found, AnnouncementHeard | PickUpDecided):
        return PickedUpHeard(recording, UNDECIDED, "", None)
    if isinstance(found, AnnouncementHeard):
        return PickedUpHeard(recording, found.announcement.value, found.words, None)
    answered = recording.answered_at or 0.0
    silent = recording.label == PickedUpBy.SILENCE
    since = answered if silent else max(spoken_until, answered)
    return PickedUpHeard(recording, found.by.value, found.sign, clock.seconds - since)


def _tells(event: Event) -> bool:
    """Say whether the event ends the listening: a forwarded call goes on to somebody."""
    if isinstance(event, AnnouncementHeard):
        return event.announcement is not Announcement.FORWARDED
    return isinstance(event, PickUpDecided)
