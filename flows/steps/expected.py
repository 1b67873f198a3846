"""What may be said at a question, and what it means: the recogniser's grammar and its reading.

Answers by their phrases, keys by the words that stand for them (一, 按一, 일번), numbers in words,
yes and no while something is asked back. Keys that are not open count for nothing here either.
"""

from dataclasses import dataclass
from enum import StrEnum

from flows.compiler import Question
from flows.language import language
from flows.model import Ask, Book, Choice, GlobalKey, Number, Slot
from flows.phrases import match, normalised
from flows.scope import spoken_forms
from flows.spoken_number import key_phrases, number_phrases, spoken_number
from flows.steps import number
from flows.turn import Turn

YES, NO = "1", "2"
"""Keys that answer when something is asked back."""


class Meant(StrEnum):
    """What kind of thing was said."""

    YES = "yes"
    NO = "no"
    ANSWER = "answer"
    KEY = "key"
    """One of the keys that work everywhere."""
    NUMBER = "number"


@dataclass(frozen=True)
class Meaning:
    """What an utterance means at a question."""

    meant: Meant
    index: int = 0
    """Of the answer, or of the key among the survey's `keys`."""
    digits: str = ""
    """Of a number."""
    whole: bool = True
    """False: it only occurred in what was said, or is too short to be heard surely."""


@dataclass(frozen=True)
class Expected:
    """What counts at a question, group by group."""

    confirming: tuple[tuple[str, ...], ...]
    """Forms of yes, forms of no; empty where nothing is asked back."""
    meanings: tuple[Meaning, ...]
    forms: tuple[tuple[str, ...], ...]
    """How each of the meanings is said."""
    numbers: tuple[str, ...]
    guards: tuple[str, ...]
    """Denials that are no answer but must be heard, or 不是满意 would be forced into 满意."""

    @property
    def phrases(self) -> tuple[str, ...]:
        """Everything that the recogniser should expect, answers first."""
        groups = (*self.forms, *self.confirming, self.numbers, self.guards)
        return tuple(dict.fromkeys(form for group in groups for form in group))


def expected(turn: Turn, step: Question) -> Expected:
    """Return what may be said at this question; made once for survey, language and state."""
    session = turn.session
    at = ("expected", session.node, session.language, session.pending is not None)
    known: Expected | None = turn.program.prepared.get(at)
    if known is None:
        known = turn.program.prepared[at] = _expected(turn, step)
    return known


def meaning(turn: Turn, step: Question, words: str) -> Meaning | None:
    """Return what `words` mean at this question; None where nothing, or more than one thing."""
    code = turn.session.language
    told = expected(turn, step)
    if told.confirming:
        said = match(words, told.confirming, code)
        if said is not None and said.whole:
            return Meaning((Meant.YES, Meant.NO)[said.answer])
    heard = match(words, told.forms, code)
    if heard is not None and heard.whole:
        return told.meanings[heard.answer]
    if isinstance(step, Number) and (digits := spoken_number(words, code)) is not None:
        return _number(turn, words, digits)
    if heard is None:
        return None
    found = told.meanings[heard.answer]
    return Meaning(found.meant, found.index, whole=False)


def _number(turn: Turn, words: str, digits: str) -> Meaning | None:
    """Read a number; while one is asked back, 1 and 2 may as well be the keys for yes and no."""
    pending = turn.session.pending
    if pending is not None and digits in (YES, NO):
        again = spoken_number(pending.raw, turn.session.language) == digits
        return Meaning(Meant.NUMBER, digits=digits) if again else None
    tongue = language(turn.session.language)
    whole = tongue.numbers.sure_alone or len(tongue.cut(words)) > 1 or pending is not None
    return Meaning(Meant.NUMBER, digits=digits, whole=whole)


def _expected(turn: Turn, step: Question) -> Expected:
    code = turn.session.language
    answers, everywhere = answers_of(step), turn.flow.keys
    pending, counts = turn.session.pending is not None, isinstance(step, Number)
    own: list[Choice | Slot | GlobalKey] = [*answers, *everywhere]
    forms = [list(spoken_forms(each, code)) for each in own]
    taken = {normalised(form, code) for group in forms for form in group}
    tongue = language(code)
    confirming: list[list[str]] = []
    if pending:
        confirming = [[*tongue.yes], [*tongue.no]]
        for group, key in zip(confirming, (YES, NO), strict=True):
            group += key_phrases(code, key, framed=counts or not tongue.numbers.sure_alone)
        taken |= {normalised(form, code) for group in confirming for form in group}
    for group, each in zip(forms, own, strict=True):
        if each.key is not None and _is_open(step, each, pending=pending):
            words = key_phrases(code, each.key, framed=counts or not tongue.numbers.sure_alone)
            group += [form for form in words if normalised(form, code) not in taken]
    return Expected(
        confirming=tuple(map(tuple, confirming)),
        meanings=(
            *(Meaning(Meant.ANSWER, index) for index in range(len(answers))),
            *(Meaning(Meant.KEY, index) for index in range(len(everywhere))),
        ),
        forms=tuple(map(tuple, forms)),
        numbers=number_phrases(code, *number.span(step)) if isinstance(step, Number) else (),
        guards=_guards(step, code),
    )


def _is_open(step: Question, answer: Choice | Slot | GlobalKey, *, pending: bool) -> bool:
    """Return whether the answer's key counts now: while something is asked back 1 and 2 are yes
    and no, and a key that may begin a number is a digit of it."""
    if isinstance(answer, GlobalKey):
        return not (isinstance(step, Number) and number.may_start(step, answer.key))
    return not pending


def _guards(step: Question, code: str) -> tuple[str, ...]:
    """Return the denials of answers that rate: none is an answer, all must be heard."""
    rated = [one for one in step.choices if one.verdict] if isinstance(step, Ask) else []
    forms = [spoken_forms(choice, code)[:1] for choice in rated]
    frames = language(code).guards
    return tuple(frame.format(form) for first in forms for form in first for frame in frames)


def answers_of(step: Question) -> list[Choice | Slot]:
    """Return the answers that a question offers; a number has none."""
    if isinstance(step, Ask):
        return [*step.choices]
    return [*step.slots] if isinstance(step, Book) else []
