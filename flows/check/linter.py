"""`huifang flow check`: runs every family of rules over a survey and sorts what they find."""

from collections.abc import Collection, Iterator
from pathlib import Path

from core.errors import Problem
from flows.check.abilities import check_abilities, check_recordings, check_transfers
from flows.check.answers import check_answers
from flows.check.length import check_length, check_prompts
from flows.check.names import check_names
from flows.check.notice import check_notice
from flows.check.speaking import Measure, Sounds, estimate
from flows.check.subject import Subject
from flows.check.templates import check_templates
from flows.check.vocabulary import Vocabulary, check_vocabulary
from flows.check.ways import check_ways
from flows.check.wording import check_wording
from flows.compiler import compile_flow
from flows.reader import SurveyFile, in_order, read_what_can_be

WARNINGS = frozenset(
    {
        "flow-aspect-not-rated",
        "flow-aspect-unused",
        "flow-constant-condition",
        "flow-phrase-not-known",
        "flow-value-twice",
    }
)
"""Codes that are shown and accepted: style. Everything else refuses the survey."""


def check(
    survey: SurveyFile,
    *,
    measure: Measure | None = None,
    sounds: Sounds | None = None,
    abilities: Collection[str] | None = None,
    transfers: Collection[str] | None = None,
    hears: Collection[str] | None = None,
    vocabulary: Vocabulary | None = None,
) -> list[Problem]:
    """Return everything that is wrong with `survey`, from the top of the file down.

    `measure` returns the seconds that a text takes to say (default: an estimate by its length);
    `sounds` returns those of a recorded file (default: that of its `text`); `abilities` names what
    the channel can do, `transfers` those to whom calls can be transferred, `hears` the languages
    in which answers can be heard, `vocabulary` what a model does not know (default: not looked at).
    """
    program = compile_flow(survey.flow, sha256=survey.sha256, hears=hears)
    subject = Subject(survey, program)
    found = list(_problems(subject, measure or estimate, sounds, abilities, transfers))
    if vocabulary is not None:
        found += check_vocabulary(subject, vocabulary)
    return in_order(found)


def check_file(
    path: Path | str,
    *,
    measure: Measure | None = None,
    sounds: Sounds | None = None,
    abilities: Collection[str] | None = None,
    transfers: Collection[str] | None = None,
    hears: Collection[str] | None = None,
    vocabulary: Vocabulary | None = None,
) -> list[Problem]:
    """Read and check the survey at `path`: faults of the file and of the survey, all at once.

    Where steps have such faults that they had to be left out, rules about ways through the survey
    wait until those are mended; everything else is reported.
    """
    survey, problems = read_what_can_be(path)
    if survey is not None:
        problems = problems + check(
            survey,
            measure=measure,
            sounds=sounds,
            abilities=abilities,
            transfers=transfers,
            hears=hears,
            vocabulary=vocabulary,
        )
    return in_order(problems)


def _problems(
    subject: Subject,
    measure: Measure,
    sounds: Sounds | None,
    abilities: Collection[str] | None,
    transfers: Collection[str] | None,
) -> Iterator[Problem]:
    yield from check_names(subject)
    yield from check_answers(subject)
    yield from check_templates(subject)
    yield from check_wording(subject)
    yield from check_prompts(subject, measure)
    yield from check_recordings(subject, sounds)
    if abilities is not None:
        yield from check_abilities(subject, abilities)
    if transfers is not None:
        yield from check_transfers(subject, transfers)
    if subject.file.whole:
        yield from check_notice(subject)
        yield from check_ways(subject)
        yield from check_length(subject, measure, sounds)
