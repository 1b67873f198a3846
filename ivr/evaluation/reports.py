"""The figures of evaluated answers and of evaluated pick-ups, with their targets."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from flows.program import Program
from ivr.channels.sip.pickup import PickUpRules
from ivr.channels.sip.pool import Ports
from ivr.channels.sip.stacks import SipStack
from ivr.evaluation.answers import (
    AFTER_SECONDS,
    BEFORE_SECONDS,
    KEY,
    SILENCE,
    UNSURE,
    Answered,
    Question,
    answer,
)
from ivr.evaluation.calls import Said, say_in_calls
from ivr.evaluation.pickups import LABELS, PATIENCE_SECONDS, UNDECIDED, PickedUpHeard, picked_up
from speech.contract import PickedUpBy, PromptSource, Recogniser
from speech.evaluation.augment import Augmentation
from speech.evaluation.ends import spoken_until
from speech.evaluation.recording_set import NO_ANSWER, RecordingSet
from speech.evaluation.report import Miss, Report, Target
from speech.evaluation.scoring import Confusion, Share, by_group, spread
from speech.evaluation.sounds import read_sound
from speech.evaluation.tone_cases import quiet

OPPOSITE = {("satisfied", "dissatisfied"), ("dissatisfied", "satisfied")}
LEAST_SURE_RIGHT = 0.90
MOST_HUNG_UP_ON = 0.01
LONGEST_SECONDS = 2.0
SWEPT = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99)
"""Thresholds `sure` that a sweep tries."""
Done = Callable[[], None]


async def evaluate_speech(
    evaluated: RecordingSet,
    augmentation: Augmentation,
    question: Question,
    recogniser: Recogniser,
    *,
    sweep: bool = False,
    done: Done = lambda: None,
) -> Report:
    """Hear every recording. Raises AuthorError for a wrong label or an unreadable file."""
    evaluated.check_labels((*question.labels, NO_ANSWER))
    found: list[Answered] = []
    for number, recording in enumerate(evaluated.recordings):
        clean = quiet(BEFORE_SECONDS) + read_sound(recording.file) + quiet(AFTER_SECONDS)
        pcm = augmentation.apply(clean, number)
        found.append(await answer(recording, pcm, spoken_until(clean), question, recogniser))
        done()
    return speech_report(evaluated, augmentation, question, found, sweep=sweep)


async def evaluate_speech_over_sip(
    evaluated: RecordingSet,
    augmentation: Augmentation,
    question: Question,
    recogniser: Recogniser,
    prompts: PromptSource,
    *,
    calls: int,
    ports: Ports,
    stack: SipStack,
    folder: Path,
    sweep: bool = False,
    done: Done = lambda: None,
) -> Report:
    """Say `calls` of the recordings, chosen by the line's seed, in real calls over loopback.

    Raises AuthorError for a wrong label or an unreadable file, TransientError where a call was not
    held.
    """
    evaluated.check_labels((*question.labels, NO_ANSWER))
    numbered = list(enumerate(evaluated.recordings))
    dice = random.Random(augmentation.seed)  # noqa: S311 - a sample that can be repeated
    chosen = sorted(dice.sample(range(len(numbered)), min(calls, len(numbered))))
    said = [
        Said(recording, augmentation.apply(read_sound(recording.file), number))
        for number, recording in (numbered[place] for place in chosen)
    ]
    held = await say_in_calls(
        said, question, recogniser, prompts, ports=ports, stack=stack, folder=folder, done=done
    )
    report = speech_report(evaluated, augmentation, question, held.answered, sweep=sweep)
    return replace(
        report,
        delays={"end_of_speech_to_next_prompt": spread(held.replies)},
        facts={"calls": len(held.answered)},
        over_sip=True,
    )


def speech_report(
    evaluated: RecordingSet,
    augmentation: Augmentation,
    question: Question,
    found: list[Answered],
    *,
    sweep: bool = False,
) -> Report:
    """Return the figures of what became of all recordings."""
    labels = question.labels
    asked = tuple(f"ask:{label}" for label in labels)
    confusion = Confusion((*labels, NO_ANSWER), (*labels, *asked, UNSURE, SILENCE, KEY))
    for one in found:
        confusion.add(one.recording.label, one.result)
    pairs = [(one.recording.label, one.result) for one in found]
    shares = speech_shares(pairs, question)
    flips = shares["flips"].hits
    sure = shares["sure_right"]
    return Report(
        evaluated,
        augmentation,
        shares,
        confusion,
        {"end_of_speech_to_result": spread([one.delay for one in found if one.delay is not None])},
        by_group((one.recording.group, _right(one.recording.label, one.result)) for one in found),
        [
            Miss(
                one.recording.file.name,
                one.recording.label,
                one.result,
                f"{one.said.text or '-'} ({one.said.confidence:.2f})" if one.said else "",
            )
            for one in found
            if not _right(one.recording.label, one.result)
        ],
        [
            Target("no_flip", flips == 0),
            Target("sure_right_90", sure.n > 0 and sure.hits >= LEAST_SURE_RIGHT * sure.n),
        ],
        sweep=_sweep(question, found) if sweep else [],
    )


def speech_shares(pairs: Iterable[tuple[str, str]], question: Question) -> dict[str, Share]:
    """Return the shares of (label, result)."""
    pairs, labels = list(pairs), question.labels
    answers = [(label, result) for label, result in pairs if label != NO_ANSWER]
    others = [(label, result) for label, result in pairs if label == NO_ANSWER]
    taken = [(label, result) for label, result in pairs if result in labels]
    flips = sum((question.verdict(a), question.verdict(b)) in OPPOSITE for a, b in taken)
    right = sum(label == result for label, result in answers)
    rightly_asked = sum(result == f"ask:{label}" for label, result in answers)
    unsure = sum(result in (UNSURE, SILENCE) for _, result in answers)
    return {
        "sure_right": Share(sum(label == result for label, result in taken), len(taken)),
        "taken_rightly": Share(right, len(answers)),
        "right_after_asking_back": Share(right + rightly_asked, len(answers)),
        "asked_back": Share(sum(r.startswith("ask:") for _, r in answers), len(answers)),
        "handed_to_people": Share(unsure, len(answers)),
        "other_speech_taken": Share(sum(r in labels for _, r in others), len(others)),
        "flips": Share(flips, len(answers)),
    }


def _right(label: str, result: str) -> bool:
    """Say whether the recording was taken for what it is: what answers nothing, for nothing."""
    return result == label or (label == NO_ANSWER and result in (UNSURE, SILENCE))


def _sweep(question: Question, found: list[Answered]) -> list[dict[str, object]]:
    """Return what other thresholds would have come to; nothing is recognised again."""
    rows: list[dict[str, object]] = []
    for sure in SWEPT:
        tried = Question(with_sure(question.program, sure), question.step, question.language)
        pairs = [(one.recording.label, tried.result(one.said)) for one in found]
        shares = speech_shares(pairs, tried)
        rows.append({"sure": sure, **{name: share.as_json() for name, share in shares.items()}})
    return rows


def with_sure(program: Program, sure: float) -> Program:
    """Return the survey with another threshold `sure` (and `unsure` no higher)."""
    rules = program.flow.speech
    changed = rules.model_copy(update={"sure": sure, "unsure": min(sure, rules.unsure)})
    flow = program.flow.model_copy(update={"speech": changed})
    return replace(program, flow=flow, prepared={})


async def evaluate_pickup(
    evaluated: RecordingSet,
    augmentation: Augmentation,
    rules: PickUpRules,
    recogniser: Recogniser | None,
    *,
    done: Done = lambda: None,
) -> Report:
    """Judge every recording. Raises AuthorError for a wrong label or an unreadable file."""
    evaluated.check_labels(LABELS)
    found: list[PickedUpHeard] = []
    for number, recording in enumerate(evaluated.recordings):
        clean = read_sound(recording.file)
        pcm = augmentation.apply(clean + quiet(PATIENCE_SECONDS), number)
        found.append(await picked_up(recording, pcm, spoken_until(clean), rules, recogniser))
        done()
    return pickup_report(evaluated, augmentation, found)


def pickup_report(
    evaluated: RecordingSet, augmentation: Augmentation, found: list[PickedUpHeard]
) -> Report:
    """Return the figures of what became of all recordings."""
    confusion = Confusion(LABELS, (*LABELS, UNDECIDED))
    for one in found:
        confusion.add(one.recording.label, one.result)
    people = [one for one in found if one.recording.label in _SPOKEN_TO]
    others = [one for one in found if one.recording.label not in _SPOKEN_TO]
    hung_up_on = Share(sum(one.result not in _SPOKEN_TO for one in people), len(people))
    greeted = [
        one.delay
        for one in people
        if one.recording.label == PickedUpBy.PERSON and one.delay is not None
    ]
    delays = {
        "end_of_greeting_to_decision": spread(greeted),
        "silence_to_decision": spread(
            [
                one.delay
                for one in people
                if one.recording.label == PickedUpBy.SILENCE and one.delay is not None
            ]
        ),
    }
    shares = {
        "right": Share(sum(one.result == one.recording.label for one in found), len(found)),
        "people_hung_up_on": hung_up_on,
        "machines_and_announcements_known": Share(
            sum(one.result == one.recording.label for one in others), len(others)
        ),
        "taken_for_a_person_unsurely": Share(sum(o.sign == "unsure" for o in found), len(found)),
    }
    return Report(
        evaluated,
        augmentation,
        shares,
        confusion,
        delays,
        by_group((one.recording.group, one.result == one.recording.label) for one in found),
        [
            Miss(one.recording.file.name, one.recording.label, one.result, one.sign)
            for one in found
            if one.result != one.recording.label
        ],
        [
            Target("hung_up_on_1", hung_up_on.hits <= MOST_HUNG_UP_ON * hung_up_on.n),
            Target("decided_in_2", bool(greeted) and max(greeted) < LONGEST_SECONDS),
        ],
    )


_SPOKEN_TO = (PickedUpBy.PERSON.value, PickedUpBy.SILENCE.value)
"""To whom the survey speaks; all others are hung up on, or left a message."""
