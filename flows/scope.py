"""What the texts and conditions of a survey may name, and what they find there."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import AuthorError, Problem, problem
from flows.model import (
    Ask,
    Book,
    Choice,
    End,
    GlobalKey,
    Number,
    Play,
    Reactions,
    Record,
    Say,
    SendText,
    Set,
    Slot,
    Transfer,
    When,
)
from flows.program import Node, Program
from flows.session import LANGUAGE, Session
from flows.template import TemplateFault, names_used
from flows.values import Text

UNANSWERED: dict[str, Any] = {
    "value": None,
    "label": None,
    "verdict": None,
    "score": None,
    "raw": None,
}
"""What ``answers.NAME`` holds before the question is answered (or when it was skipped)."""


def scope_of(program: Program, session: Session) -> dict[str, Any]:
    """Return what templates see: fields, `answers`, `vars`."""
    blank = _blank(program)
    return {
        **blank["fields"],
        **session.fields,
        "answers": {**blank["answers"], **session.answers} if session.answers else blank["answers"],
        "vars": {**blank["vars"], **session.vars, LANGUAGE: session.language},
    }


def _blank(program: Program) -> dict[str, dict[str, Any]]:
    blank = program.prepared.get("blank")
    if blank is None:
        blank = program.prepared["blank"] = {
            "fields": dict.fromkeys(program.flow.fields),
            "answers": dict.fromkeys(answer_names(program), UNANSWERED),
            "vars": dict.fromkeys(variable_names(program)),
        }
    return blank


def answer_names(program: Program) -> frozenset[str]:
    """Return the names of all questions."""
    return frozenset(
        node.name
        for node in program.nodes.values()
        if isinstance(node.step, Ask | Number | Record | Book)
    )


def variable_names(program: Program) -> frozenset[str]:
    """Return the names of all variables that some step sets, `language` included."""
    found = {LANGUAGE}
    for node in program.nodes.values():
        if isinstance(node.step, Set):
            found |= set(node.step.set)
    return frozenset(found)


def check_names(program: Program) -> None:
    """Raise AuthorError with every template that is broken or names what is not declared.

    Each problem carries the step's name. Done once for a program; a second time costs nothing.
    """
    if "names" not in program.prepared:
        found: list[Problem] = []
        for node in program.nodes.values():
            for source, expression in templates(node):
                found.extend(_judged(program, node.name, source, expression=expression))
        if program.flow.speech.confirm is not None:
            for source in _wordings(program.flow.speech.confirm):
                found.extend(_judged(program, "speech.confirm", source, heard=True))
        program.prepared["names"] = tuple(found)
    if program.prepared["names"]:
        raise AuthorError(*program.prepared["names"])


def _judged(
    program: Program, step: str, source: str, *, expression: bool = False, heard: bool = False
) -> Iterator[Problem]:
    try:
        used = names_used(source, expression=expression)
    except TemplateFault as fault:
        yield problem("flow-template-fault", step=step, why=fault)
        return
    for name in sorted(used):
        if not (known(program, name) or (heard and name == "heard")):
            yield problem("flow-name-undeclared", step=step, name=name)


def known(program: Program, name: str) -> bool:
    """Return whether a dotted name is declared: a field, ``answers.NAME.ASPECT``, ``vars.NAME``."""
    first, *rest = name.split(".")
    if first == "answers":
        return len(rest) == 2 and rest[0] in _blank(program)["answers"] and rest[1] in UNANSWERED
    if first == "vars":
        return len(rest) == 1 and rest[0] in _blank(program)["vars"]
    return not rest and first in program.flow.fields


def templates(node: Node) -> Iterator[tuple[str, bool]]:
    """Return every template of a step; the flag is True for conditions and values."""
    step = node.step
    texts: list[Text | None] = []
    if isinstance(step, When):
        yield step.when, True
    elif isinstance(step, Set):
        yield from ((value, True) for value in step.set.values())
    elif isinstance(step, Say):
        texts = [step.say]
    elif isinstance(step, Play):
        texts = [step.play, step.text]
    elif isinstance(step, Ask):
        texts = [step.ask, *(choice.label for choice in step.choices)]
    elif isinstance(step, Number):
        texts = [step.number]
    elif isinstance(step, Record):
        texts = [step.record]
    elif isinstance(step, Book):
        texts = [step.book, *(slot.label for slot in step.slots)]
    elif isinstance(step, Transfer | End):
        texts = [step.say]
    elif isinstance(step, SendText):
        texts = [step.text]
    texts.append(getattr(step, "written", None))
    if isinstance(step, Reactions):
        texts += step.again
        for reaction in (
            step.on_silence,
            step.on_invalid,
            step.on_unsure,
            step.on_hang_up,
            step.on_give_up,
        ):
            for said in (reaction.say, reaction.written):
                texts += said if isinstance(said, list) else [said]
    for words in texts:
        if words is not None:
            yield from ((source, False) for source in _wordings(words))


def _wordings(words: Text) -> list[str]:
    return [words] if isinstance(words, str) else list(words.values())


def spoken_forms(answer: Choice | Slot | GlobalKey, language: str) -> tuple[str, ...]:
    """Return how an answer may be said in `language`: its label and its phrases."""
    label, phrases = answer.label, answer.phrases
    found = [label if isinstance(label, str) else label.get(language, "")]
    found += phrases if isinstance(phrases, list) else phrases.get(language, [])
    return tuple(dict.fromkeys(form for form in found if form and "{" not in form))


def missing_fields(program: Program, fields: Mapping[str, Any]) -> list[str]:
    """Return the required fields that a case lacks."""
    return [
        name
        for name, declared in program.flow.fields.items()
        if declared.required and fields.get(name) in (None, "")
    ]
