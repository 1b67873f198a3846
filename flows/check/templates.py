"""Texts and conditions: they compile, and every name in them is declared."""

from collections.abc import Iterator

from core.document import KeyPath
from core.document_faults import closest
from core.errors import Place, Problem, problem
from core.reasons import reason
from flows.check.subject import Subject
from flows.model import Ask, Book, Number, Record, Set, When
from flows.template import TemplateFault, names_used

ANSWER_PARTS = ("value", "label", "verdict", "score", "raw")
"""What is known of an answer."""


def check_templates(subject: Subject) -> Iterator[Problem]:
    """Faults in templates and expressions, undeclared fields, answers and variables."""
    known = _Known(subject)
    for path, source, expression in _sources(subject):
        place = subject.file.place(path)
        try:
            names = names_used(source, expression=expression)
        except TemplateFault as fault:
            yield problem("flow-bad-template", place, reason=reason(fault))
            continue
        if path[-1] == "when" and not names:
            yield problem("flow-constant-condition", place, severity="warning", condition=source)
        for name in sorted(names):
            if name == "heard" and path[:2] == ("speech", "confirm"):
                continue
            found = known.fault(name, place)
            if found is not None:
                yield found


def _sources(subject: Subject) -> Iterator[tuple[KeyPath, str, bool]]:
    """Yield (path, source, whether it is an expression)."""
    for wording in subject.wordings:
        for language, text in wording.languages(subject.languages[:1]):
            yield wording.place_of(language), text, False
    for node in subject.program.nodes.values():
        if isinstance(node.step, When):
            yield (*node.path, "when"), node.step.when, True
        if isinstance(node.step, Set):
            for name, source in node.step.set.items():
                yield (*node.path, "set", name), source, True


class _Known:
    """The names that texts and conditions may use."""

    def __init__(self, subject: Subject) -> None:
        nodes = subject.program.nodes.values()
        self.fields = list(subject.program.flow.fields)
        self.answers = [
            node.step.id
            for node in nodes
            if node.step.id
            and (isinstance(node.step, Ask | Number | Record | Book) or not subject.file.whole)
        ]
        self.variables = ["language"]
        for node in nodes:
            if isinstance(node.step, Set):
                self.variables += node.step.set

    def fault(self, name: str, place: Place) -> Problem | None:
        """Return what is wrong with a dotted name, or None."""
        first, *rest = name.split(".")
        wrong = rest[0] if rest else ""
        if first == "answers":
            if wrong not in self.answers:
                like = closest(wrong, self.answers)
                return problem("flow-unknown-answer", place, answer=wrong, closest=like)
            if len(rest) > 1 and rest[1] not in ANSWER_PARTS:
                return problem(
                    "flow-unknown-answer-part",
                    place,
                    part=rest[1],
                    closest=closest(rest[1], list(ANSWER_PARTS)),
                    allowed=", ".join(ANSWER_PARTS),
                )
        elif first == "vars":
            if wrong not in self.variables:
                like = closest(wrong, self.variables)
                return problem("flow-unknown-variable", place, variable=wrong, closest=like)
        elif first not in self.fields:
            like = closest(first, self.fields)
            return problem("flow-unknown-field", place, field=first, closest=like)
        return None
