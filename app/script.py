"""The script of a survey: every wording that is spoken, with its place, as studios record it.

The same lines tell what has to be recorded, what is missing, and which words of a finished text
are fixed. The product's own words (apologies, "we did not hear you") belong to all surveys.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.surveys import ReadySurvey
from core.catalogue import text as catalogue_text
from core.errors import Place, Problem, problem
from core.said_words import value_words
from flows.check.examples import spoken
from flows.check.subject import Subject, Wording
from flows.compiler import wording
from flows.fragments import Filled, variants
from flows.model import Ask, Play
from flows.simulator import examples
from flows.template import TemplateFault
from speech.pattern import Blank, Pattern, flat, speakable
from speech.reading import read_out
from speech.studio import COMMON, MANIFEST, Studio, take_id

OWN_WORDS = (
    "ivr-apology",
    "ivr-too-long",
    "flow-technical-fault",
    "flow-refused-words",
    "flow-gave-up",
    "flow-silence",
    "flow-invalid",
    "flow-invalid-number",
    "flow-unsure",
    "flow-resumed",
)
"""Catalogue keys of what the product says by itself, whatever the survey."""
CONFIRM = "flow-confirm"


@dataclass(frozen=True)
class Spoken:
    """One wording in one language, as the survey has it."""

    source: str
    """With its blanks."""
    language: str
    step: str = ""
    place: Place = field(default_factory=Place)
    own: bool = False
    """True for the product's own words."""


@dataclass(frozen=True)
class Line:
    """One line of the script."""

    text: str
    language: str
    kind: str
    """``wording``, ``fragment`` or ``value``."""
    survey: str
    """The survey it belongs to, or ``common``."""
    context: str = ""
    hint: str = ""
    step: str = ""
    place: Place = field(default_factory=Place)

    @property
    def id(self) -> str:
        """The line's id, which is its file's name as well."""
        return take_id(self.text, self.language)


def all_spoken(survey: ReadySurvey) -> list[Spoken]:
    """Return every wording that a call with `survey` may speak, in all languages."""
    subject = Subject(survey.file, survey.program)
    found = [
        Spoken(
            words,
            language,
            each.node or str(each.path[0]),
            survey.file.place(each.place_of(language)),
        )
        for each in subject.wordings
        if each.kind == "prompt" and not _played(subject, each)
        for language, words in each.languages(subject.languages)
        if words.strip()
    ]
    for language in subject.languages:
        for key in OWN_WORDS:
            found.append(Spoken(catalogue_text(key, language), language, own=True))
        if survey.file.flow.speech.enabled and survey.file.flow.speech.confirm is None:
            asked = catalogue_text(CONFIRM, language, heard="{{ heard }}")
            found.append(Spoken(asked, language, own=True))
    return found


def _played(subject: Subject, words: Wording) -> bool:
    """Return whether it is the words of a recording, which nobody speaks."""
    node = subject.program.nodes.get(words.node)
    return node is not None and isinstance(node.step, Play)


def example(survey: ReadySurvey, each: Spoken, fields: Mapping[str, Any] | None = None) -> str:
    """Return the wording as one person would hear it: with examples, or a case's `fields`."""
    subject = Subject(survey.file, survey.program)
    return spoken(subject, each.source, each.language, fields)


def heard_back(survey: ReadySurvey, each: Spoken) -> list[str]:
    """Return the wording with each of the answers that may be asked back; empty for others."""
    if "heard" not in each.source:
        return []
    fields = examples(survey.program)
    answers = [line.text for line in _answers(survey, "") if line.language == each.language]
    return [example(survey, each, {**fields, "heard": one}) for one in dict.fromkeys(answers)]


def shapes(each: Spoken) -> list[Pattern]:
    """Return the shapes in which a wording can come out."""
    try:
        found = variants(each.source, each.language)
    except TemplateFault:
        return []  # `flow check` tells the author
    return [
        Pattern(tuple(Blank(p.name) if isinstance(p, Filled) else p for p in parts))
        for parts in found
    ]


def patterns(survey: ReadySurvey) -> dict[str, list[Pattern]]:
    """Return the shapes of all wordings, by language."""
    found: dict[str, list[Pattern]] = {}
    for each in all_spoken(survey):
        found.setdefault(each.language, []).extend(shapes(each))
    return {language: list(dict.fromkeys(them)) for language, them in found.items()}


def script(survey: ReadySurvey, words: str = "zh", *, values: bool = False) -> list[Line]:
    """Return what a studio has to record, every text once; hints in the language `words`.

    `values`: with the words that dates, times, numbers and amounts are made of.
    """
    lines: dict[tuple[str, str], Line] = {}
    blanks: set[str] = set()
    for each in all_spoken(survey):
        heard = next(iter(heard_back(survey, each)), example(survey, each))
        forms = shapes(each)
        filled = {name: value for form in forms for name, value in form.values(flat(heard)).items()}
        for pattern in forms:
            if any(isinstance(part, Blank) for part in pattern.parts):
                blanks.add(each.language)
            for line in _lines(survey, each, pattern, filled, words):
                lines.setdefault((line.language, line.text), line)
    if values:
        hint = catalogue_text("prompts-hint-value", words)
        for line in _answers(survey, hint):
            lines.setdefault((line.language, line.text), line)
        for language in survey.file.flow.languages:
            for text in value_words(language) if language in blanks else ():
                line = Line(text, language, "value", COMMON, hint=hint)
                lines.setdefault((language, text), line)
    return list(lines.values())


def _answers(survey: ReadySurvey, hint: str) -> Iterator[Line]:
    """Yield the words of the answers, which are said back where the survey listens."""
    flow = survey.file.flow
    for node in survey.program.nodes.values() if flow.speech.enabled else ():
        step = node.step
        for option in step.choices if isinstance(step, Ask) else getattr(step, "slots", ()):
            for language in flow.languages:
                text = flat(wording(option.label, language, flow))
                place = survey.file.place(node.path)
                yield Line(text, language, "value", flow.flow, "", hint, node.name, place)


def _lines(
    survey: ReadySurvey, each: Spoken, pattern: Pattern, filled: Mapping[str, str], words: str
) -> Iterator[Line]:
    flow = COMMON if each.own else survey.file.flow.flow
    parts = pattern.parts
    whole = len(parts) == 1
    for index, part in enumerate(parts):
        if isinstance(part, Blank) or not speakable(part):
            continue
        after = parts[index + 1] if index + 1 < len(parts) else None
        hints = []
        if isinstance(after, Blank):
            hints.append(catalogue_text("prompts-hint-goes-on", words))
        if index and isinstance(parts[index - 1], Blank):
            hints.append(catalogue_text("prompts-hint-comes-after", words))
        if (read := read_out(part, each.language)) != part:
            hints.append(catalogue_text("prompts-hint-read", words, text=read))
        yield Line(
            flat(part),
            each.language,
            "wording" if whole else "fragment",
            flow,
            "" if whole else _context(pattern, filled, each.language),
            " ".join(hints),
            each.step,
            each.place,
        )


def _context(pattern: Pattern, filled: Mapping[str, str], language: str) -> str:
    """Return the whole wording, with example values where they are known."""
    return ("" if language.startswith("zh") else " ").join(
        f"〔{filled.get(part.name) or part.name}〕" if isinstance(part, Blank) else part
        for part in pattern.parts
    )


def missing(survey: ReadySurvey, studio: Studio) -> list[Problem]:
    """Return a problem for every text of a recorded survey that has no recording.

    Nothing for a survey (or language) without a manifest: the voice speaks it. Raises AuthorError
    for a faulty manifest.
    """
    found: list[Problem] = []
    name = survey.file.flow.flow
    for line in script(survey):
        recordings = studio.recordings(name, line.language)
        if recordings is None or recordings.file(line.text) is not None:
            continue
        if not recordings.wanted_by_voice(line.text):
            found.append(_not_recorded(line.id, line.text, line.step, line.place))
    for language in survey.file.flow.languages:
        recordings = studio.recordings(name, language)
        common = recordings.common if recordings is not None else None
        for take in studio.takes(COMMON, language) or () if common is not None else ():
            if take.kind == "value" and not take.file.strip():
                place = Place(str(studio.of(COMMON, language) / MANIFEST))
                found.append(_not_recorded(take_id(take.text, language), take.text, "", place))
    return found


def unrecorded(survey: ReadySurvey, studio: Studio, lines: Iterable[Line]) -> list[Line]:
    """Return the lines without a recording that nobody left to the voice, adopted or not."""
    found = []
    for line in lines:
        recordings = studio.recordings(survey.file.flow.flow, line.language)
        settled = recordings is not None and (
            recordings.file(line.text) is not None or recordings.wanted_by_voice(line.text)
        )
        if not settled:
            found.append(line)
    return found


def _not_recorded(name: str, text: str, step: str, place: Place) -> Problem:
    whose = step or problem("prompts-own-words")
    return problem("prompts-not-recorded", place, id=name, text=text[:40], step=whose)
