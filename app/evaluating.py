"""Evaluations put together: a set, the survey that it answers, and what hears it."""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from app import recognisers
from app.wiring import prompt_cache, sip_ports, started
from config.loading import Loaded
from core.errors import AuthorError, problem
from flows.compiler import compile_flow
from flows.model import Ask
from flows.reader import read
from ivr.channels.sip.pickup import PickUpRules
from ivr.channels.sip.stacks import choose
from ivr.evaluation.answers import Question
from ivr.evaluation.reports import evaluate_pickup, evaluate_speech, evaluate_speech_over_sip
from speech.contract import Recogniser
from speech.evaluation.augment import Augmentation
from speech.evaluation.recording_set import Evaluates, RecordingSet, read_set
from speech.evaluation.report import Report
from speech.pickup.lists import load_phrases
from speech.recognition.local import VoskRecogniser

PATIENT_SECONDS = 30.0
"""How long the recogniser may take: an evaluation measures it, it does not give up on it."""


def question_of(evaluated: RecordingSet) -> Question:
    """Return the question that a set's recordings answer. Raises AuthorError with its place."""
    survey = read(evaluated.survey)
    program = compile_flow(survey.flow, sha256=survey.sha256)
    asks = [name for name, node in program.nodes.items() if isinstance(node.step, Ask)]
    if evaluated.head.step not in asks:
        place = evaluated.document.place(("step",))
        known = ", ".join(asks)
        raise AuthorError(
            problem("evaluation-step-unknown", place, step=evaluated.head.step, known=known)
        )
    if not survey.flow.speech.enabled:
        raise AuthorError(problem("evaluation-not-spoken", evaluated.document.place(("survey",))))
    return Question(program, evaluated.head.step, evaluated.head.language)


@asynccontextmanager
async def hearing(
    loaded: Loaded, evaluated: RecordingSet, model: Path | None
) -> AsyncIterator[Recogniser | None]:
    """Start what hears the set's language: the settings' recogniser, or the `model` folder."""
    if model is None:
        async with started(recognisers.recogniser(loaded)) as found:
            yield found
        return
    own = VoskRecogniser({evaluated.head.language: model}, finish_seconds=PATIENT_SECONDS)
    try:
        await own.start()
        yield own
    finally:
        await own.close()


async def speech(
    loaded: Loaded,
    folder: Path,
    augmentation: Augmentation,
    model: Path | None,
    *,
    sweep: bool,
    calls: int,
    done: Callable[[], None],
) -> Report:
    """Evaluate spoken answers, `calls` of them in real SIP calls (0: none is made).

    Raises AuthorError, PermanentError, TransientError.
    """
    evaluated = read_set(folder, Evaluates.SPEECH)
    question = question_of(evaluated)
    evaluated_language = evaluated.head.language
    async with hearing(loaded, evaluated, model) as words:
        if words is None or evaluated_language not in words.languages:
            raise AuthorError(
                problem(
                    "evaluation-no-model",
                    evaluated.document.place(("language",)),
                    language=evaluated_language,
                )
            )
        if not calls:
            return await evaluate_speech(
                evaluated, augmentation, question, words, sweep=sweep, done=done
            )
        with tempfile.TemporaryDirectory() as recordings:
            return await evaluate_speech_over_sip(
                evaluated,
                augmentation,
                question,
                words,
                prompt_cache(loaded),
                calls=calls,
                ports=sip_ports(loaded),
                stack=choose(loaded.settings.sip.stack),
                folder=Path(recordings),
                sweep=sweep,
                done=done,
            )


async def pickup(
    loaded: Loaded,
    folder: Path,
    augmentation: Augmentation,
    model: Path | None,
    *,
    done: Callable[[], None],
) -> Report:
    """Evaluate who picked up; without a model by timing and tones alone. Raises AuthorError."""
    evaluated = read_set(folder, Evaluates.PICKUP)
    phrases = load_phrases(evaluated.head.language)
    rules = PickUpRules(phrases=(phrases,) if phrases else ())
    async with hearing(loaded, evaluated, model) as words:
        return await evaluate_pickup(evaluated, augmentation, rules, words, done=done)
