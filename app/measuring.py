"""Lengths as people will hear them: prompts spoken by the configured voice, recordings as they are.

The linter asks for lengths one by one and waits for none, so it is run once to learn what it will
ask, everything is made (and kept in the cache of prompts, where the calls find it), and then it
is run in earnest.
"""

from dataclasses import dataclass, field
from pathlib import Path

from app.prompt_building import of_survey, warnings
from app.surveys import ReadySurvey
from core.errors import AuthorError, Problem
from flows.check import check_file
from flows.check.speaking import estimate
from flows.compiler import compile_flow
from flows.reader import read_what_can_be
from speech.contract import seconds_of
from speech.prompts import PromptCache


@dataclass
class Lengths:
    """Measured lengths in seconds; what no voice can speak is estimated."""

    spoken: dict[tuple[str, str], float] = field(default_factory=dict)
    recorded: dict[Path, float | None] = field(default_factory=dict)
    doubts: list[Problem] = field(default_factory=list)
    """What is wrong with the sound of recordings: clipped, noisy, faint."""

    def measure(self, text: str, language: str) -> float:
        """Return the seconds that `text` takes to say."""
        known = self.spoken.get((text, language))
        return estimate(text, language) if known is None else known

    def sounds(self, file: Path) -> float | None:
        """Return the seconds of a recording, or None where it cannot be played."""
        return self.recorded.get(file)


async def measured(file: Path, cache: PromptCache) -> Lengths:
    """Return the lengths of everything that checking the survey `file` asks for.

    Raises PermanentError where the prompts cannot be kept (a full disk).
    """
    lengths = Lengths()
    found, _ = read_what_can_be(file)
    if found is not None:
        survey = ReadySurvey(found, compile_flow(found.flow))
        cache = of_survey(cache, survey)
        lengths.doubts = await warnings(survey)
    words: list[tuple[str, str]] = []
    files: list[Path] = []

    def note_words(text: str, language: str) -> float:
        words.append((text, language))
        return 0.0

    def note_file(path: Path) -> float | None:
        files.append(path)
        return 0.0

    check_file(file, measure=note_words, sounds=note_file)
    for text, language in dict.fromkeys(words):
        try:
            lengths.spoken[text, language] = await cache.measure(text, language)
        except AuthorError:
            continue  # no voice for this language: `huifang check` says so
    for path in dict.fromkeys(files):
        try:
            lengths.recorded[path] = seconds_of(await cache.recorded(path))
        except AuthorError:
            lengths.recorded[path] = None
    return lengths
