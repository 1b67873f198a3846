"""The notice and the way to refuse: who calls, why, whether it is recorded, which key refuses."""

from collections.abc import Iterator

from core.errors import Problem, problem
from flows.check.subject import Question, Subject, Wording
from flows.check.ways import reached
from flows.check.wording import bare, names_key
from flows.model import Ask, Play, Say
from flows.program import Node

LANGUAGE = "language"
"""The question that chooses the language may come before the notice."""


def check_notice(subject: Subject) -> Iterator[Problem]:
    """A notice before every question, and a key that refuses, named in the notice."""
    flow = subject.program.flow
    notices = [n for n in subject.program.nodes.values() if _is_notice(n)]
    refusals = [key for key in flow.keys if key.does == "refuse"]
    if not refusals:
        place = subject.file.place(("keys",) if flow.keys else ("steps",))
        yield problem("flow-missing-refusal", place)
    if not notices:
        yield problem("flow-missing-notice", subject.file.place(("steps", 0)))
        return
    yield from _asked_too_early(subject)
    for node in notices:
        step = node.step
        words = step.say if isinstance(step, Say) else getattr(step, "text", None)
        setting = "say" if isinstance(step, Say) else "text"
        if words is None:
            yield problem("flow-notice-without-text", subject.place(node))
            continue
        wording = Wording((*node.path, setting), words, "prompt")
        for language, text in wording.languages(subject.languages):
            if refusals and not any(names_key(bare(text), key.key) for key in refusals):
                yield problem(
                    "flow-refusal-not-named",
                    subject.file.place(wording.place_of(language)),
                    press=refusals[0].key,
                )


def _is_notice(node: Node) -> bool:
    return isinstance(node.step, Say | Play) and node.step.notice


def _asked_too_early(subject: Subject) -> Iterator[Problem]:
    """Questions that can be reached past the notice; of each way only the first."""
    program = subject.program
    early = reached(program, stops=lambda node: _is_notice(node) or _asks(node))
    for name, node in program.nodes.items():
        if name in early and _asks(node):
            yield problem("flow-question-before-notice", subject.place(node), step=name)


def _asks(node: Node) -> bool:
    chooses_language = isinstance(node.step, Ask) and node.step.id == LANGUAGE
    return isinstance(node.step, Question) and not chooses_language
