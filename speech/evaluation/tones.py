"""Evaluating the hearing of keys: each recording goes through the detector of a call."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from speech.evaluation.augment import Augmentation
from speech.evaluation.recording_set import Recording, RecordingSet
from speech.evaluation.report import Miss, Report, Target
from speech.evaluation.scoring import Confusion, Share, by_group
from speech.evaluation.sounds import read_sound
from speech.tones import KEYS, DtmfDetector

FRAME = 960
"""Bytes handed over at once: 60 ms, as a call taps them (`ivr.channels.sip.hearing.KEY_FRAME`)."""
EVERY = "".join(KEYS)
NOTHING = "-"
LEAST_SHARE = 0.999


@dataclass(frozen=True)
class KeysHeard:
    """One recording's keys, and which of them were heard."""

    recording: Recording
    heard: str
    pairs: tuple[tuple[str, str], ...]
    """What was pressed and what was heard for it; `NOTHING` where there was none."""

    @property
    def missed(self) -> int:
        """Keys that were not heard."""
        return sum(there != NOTHING and there != heard for there, heard in self.pairs)

    @property
    def false(self) -> int:
        """Keys heard that nobody pressed."""
        return sum(heard != NOTHING and there != heard for there, heard in self.pairs)


def hear_keys(pcm: bytes) -> str:
    """Return the keys in `pcm` (8 kHz, 16 bit, mono) as a call hears them."""
    detector = DtmfDetector()
    pcm += bytes(2 * FRAME)
    return "".join(detector.feed(pcm[at : at + FRAME]) for at in range(0, len(pcm), FRAME))


def paired(there: str, heard: str) -> tuple[tuple[str, str], ...]:
    """Match what was heard to what was pressed, in order."""
    pairs: list[tuple[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, there, heard, autojunk=False).get_opcodes():
        if kind == "equal":
            pairs += [(key, key) for key in there[a:b]]
            continue
        both = min(b - a, d - c)
        pairs += zip(there[a : a + both], heard[c : c + both], strict=True)
        pairs += [(key, NOTHING) for key in there[a + both : b]]
        pairs += [(NOTHING, key) for key in heard[c + both : d]]
    return tuple(pairs)


def evaluate_tones(
    evaluated: RecordingSet, augmentation: Augmentation, done: Callable[[], None] = lambda: None
) -> Report:
    """Hear every recording. Raises AuthorError for a wrong label or an unreadable file."""
    evaluated.check_labels(_Keys())
    found = []
    for one in _heard(evaluated, augmentation):
        found.append(one)
        done()
    seconds = sum(one.recording.file.stat().st_size for one in found) / 16000
    keys = sum(len(one.recording.label) for one in found)
    right = sum(there == heard for one in found for there, heard in one.pairs)
    false = sum(one.false for one in found)
    confusion = Confusion((*EVERY, NOTHING), (*EVERY, NOTHING))
    for one in found:
        for there, heard in one.pairs:
            confusion.add(there, heard)
    shares = {
        "recordings_right": Share(
            sum(not one.missed and not one.false for one in found), len(found)
        ),
        "keys_heard": Share(right, keys),
    }
    misses = [
        Miss(one.recording.file.name, one.recording.label or NOTHING, one.heard or NOTHING)
        for one in found
        if one.missed or one.false
    ]
    return Report(
        evaluated,
        augmentation,
        shares,
        confusion,
        {},
        by_group((one.recording.group, not one.missed and not one.false) for one in found),
        misses,
        [
            Target("keys_heard_999", right >= LEAST_SHARE * keys),
            Target("no_false_key", false == 0),
        ],
        facts={"seconds": round(seconds, 1), "false_keys": false},
    )


def _heard(evaluated: RecordingSet, augmentation: Augmentation) -> Iterator[KeysHeard]:
    for number, recording in enumerate(evaluated.recordings):
        heard = hear_keys(augmentation.apply(read_sound(recording.file), number))
        yield KeysHeard(recording, heard, paired(recording.label, heard))


class _Keys:
    """Every row of keys, as something that labels can be in."""

    def __contains__(self, label: object) -> bool:
        return isinstance(label, str) and set(label) <= set(EVERY)

    def __iter__(self) -> Iterator[str]:
        return iter(EVERY)

    def __len__(self) -> int:
        return len(EVERY)
