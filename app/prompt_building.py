"""Every prompt of a survey made before anybody is called, and what could not be made, with place.

The examples of the survey's fields stand for the cases, unless the cases of a batch are given.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.script import Spoken, all_spoken, example, heard_back, missing, patterns, shapes
from app.surveys import ReadySurvey
from core.errors import AuthorError, Place, Problem, problem
from flows.engine import start
from flows.model import Play
from speech.audio import read_recording
from speech.contract import PromptSource, seconds_of
from speech.pattern import flat, speakable
from speech.plan import How
from speech.prompts import PromptCache

Progress = Callable[[int, int], None]
"""(made, of how many)."""


@dataclass(frozen=True)
class Built:
    """One prompt that is ready."""

    text: str
    language: str
    how: How
    file: Path
    seconds: float
    step: str = ""
    place: Place | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "text": self.text,
            "language": self.language,
            "made": self.how.value,
            "step": self.step,
            "line": self.place.line if self.place else 0,
            "seconds": round(self.seconds, 2),
            "file": str(self.file),
        }


def of_survey(prompts: PromptCache, survey: ReadySurvey) -> PromptCache:
    """Return the prompts as `survey` uses them: with the studio's recordings of it."""
    return prompts.of(survey.file.flow.flow, patterns(survey))


def for_survey(prompts: PromptSource, survey: ReadySurvey) -> PromptSource:
    """Return the prompts as `survey` uses them; dry runs make no sound, so theirs stay."""
    return of_survey(prompts, survey) if isinstance(prompts, PromptCache) else prompts


async def prepare(prompts: PromptCache, survey: ReadySurvey) -> list[Built]:
    """Make all prompts of `survey` before a batch.

    Raises AuthorError with everything that is missing or cannot be made, each with its place:
    nobody is called then.
    """
    return await build(prompts, survey)


async def build(
    prompts: PromptCache,
    survey: ReadySurvey,
    *,
    cases: Iterable[Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
) -> list[Built]:
    """Make all prompts: with the survey's examples, or with the fields of `cases`.

    Raises AuthorError with every problem, after making what can be made.
    """
    problems: list[Problem] = []
    if prompts.studio is not None:
        problems += missing(survey, prompts.studio)
    source = of_survey(prompts, survey)
    for language in survey.file.flow.languages:
        # A voice is loaded now: values are spoken while somebody is on the line.
        with contextlib.suppress(AuthorError):  # told where a prompt needs it
            await asyncio.to_thread(source.speaker_of, language)
    todo = {(flat(text), each.language): each for text, each in _texts(survey, cases)}
    files = _files(survey)
    built: list[Built] = []
    of = len(todo) + len(files)
    for done, ((text, language), each) in enumerate(todo.items(), 1):
        try:
            planned = source.plan(text, language)
            if not planned.unrecorded:  # told above
                path = await source.spoken(text, language)
                seconds = seconds_of(path)
                built.append(
                    Built(text, language, planned.how, path, seconds, each.step, each.place)
                )
        except AuthorError as error:
            problems += (_placed(fault, each, text) for fault in error.problems)
        if progress is not None:
            progress(done, of)
    for done, (file, language, step, place) in enumerate(files, len(todo) + 1):
        try:
            path = await source.recorded(file)
            built.append(
                Built(file.name, language, How.RECORDED, path, seconds_of(path), step, place)
            )
        except AuthorError as error:
            named = Spoken(file.name, language, step, place)
            problems += (_placed(fault, named, file.name) for fault in error.problems)
        if progress is not None:
            progress(done, of)
    if problems:
        raise AuthorError(*dict.fromkeys(problems))
    return built


async def warnings(survey: ReadySurvey) -> list[Problem]:
    """Return what is wrong with the sound of recordings that the survey plays: clipped, noisy."""
    found: list[Problem] = []
    for file, *_ in _files(survey):
        try:
            found += (await asyncio.to_thread(read_recording, file)).warnings
        except AuthorError:
            continue  # `build` says so
    return list(dict.fromkeys(found))


def _placed(fault: Problem, each: Spoken, text: str) -> Problem:
    """Return the fault at the step that needs the prompt."""
    step = each.step or problem("prompts-own-words")
    return problem("prompts-cannot-make", each.place, step=step, text=text[:40], why=fault)


def _texts(
    survey: ReadySurvey, cases: Iterable[Mapping[str, Any]] | None
) -> Iterable[tuple[str, Spoken]]:
    everything = all_spoken(survey)
    for each in everything:
        for pattern in shapes(each):
            if pattern.whole and speakable(pattern.whole):
                yield pattern.whole, each
        asked_back = heard_back(survey, each)
        for said in asked_back:
            yield said, each
        if cases is None and not asked_back and speakable(said := example(survey, each)):
            yield said, each
    if cases is None:
        return
    filled = [e for e in everything if "{" in e.source and not heard_back(survey, e)]
    for fields in cases:
        language = language_of(survey, fields)
        for each in filled:
            if each.language == language and (said := _said(survey, each, fields)):
                yield said, each


def _said(survey: ReadySurvey, each: Spoken, fields: Mapping[str, Any]) -> str:
    text = example(survey, each, fields)
    return text if speakable(text) else ""


def language_of(survey: ReadySurvey, fields: Mapping[str, Any]) -> str:
    """Return the language in which a call with these fields begins."""
    first = survey.file.flow.languages[0]
    given = fields.get("language")
    language = str(given) if given in survey.file.flow.languages else first
    try:
        return start(survey.program, fields=dict(fields), language=language).session.language
    except AuthorError:
        return language  # the case lacks a field: it is not called


def _files(survey: ReadySurvey) -> list[tuple[Path, str, str, Place]]:
    """Return every recording that the survey plays: file, language, step, place."""
    found: dict[tuple[Path, str], tuple[Path, str, str, Place]] = {}
    flow = survey.file.flow
    for node in survey.program.nodes.values():
        if isinstance(node.step, Play):
            for language in flow.languages:
                played = node.step.play
                name = played if isinstance(played, str) else played.get(language)
                if name:
                    file = survey.file.folder / name
                    place = survey.file.place((*node.path, "play"))
                    found.setdefault((file, name), (file, language, node.name, place))
    return list(found.values())
