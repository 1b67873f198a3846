"""What every rule looks at: the survey, its walkable form and all its wordings with places."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from core.document import KeyPath
from core.errors import Place
from flows.model import Ask, Book, End, Number, Play, Reactions, Record, Say, SendText, Transfer
from flows.program import Node, Program
from flows.reader import SurveyFile

Question = Ask | Number | Record | Book
REACTIONS = ("on_silence", "on_invalid", "on_unsure", "on_hang_up", "on_give_up")


@dataclass(frozen=True)
class Wording:
    """One wording of the survey, in all its languages."""

    path: KeyPath
    words: str | dict[str, str]
    kind: str
    """``prompt`` (spoken), ``written`` (in a survey by text message), ``message`` (sent),
    ``label`` (in reports) or ``file``."""
    node: str = ""
    """Name of the step it belongs to, or empty."""

    def languages(self, all_languages: list[str]) -> Iterator[tuple[str, str]]:
        """Yield (language, text) for every language it is worded in."""
        if isinstance(self.words, str):
            for language in all_languages:
                yield language, self.words
        else:
            yield from self.words.items()

    def place_of(self, language: str) -> KeyPath:
        """Return the path of the wording in `language`."""
        return (*self.path, language) if isinstance(self.words, dict) else self.path


@dataclass(frozen=True)
class Subject:
    """A survey under examination."""

    file: SurveyFile
    program: Program

    @property
    def languages(self) -> list[str]:
        """The survey's languages, the default first."""
        return self.program.flow.languages

    def place(self, node: Node, *setting: str | int) -> Place:
        """Return the place of a step, or of one of its settings."""
        return self.file.place((*node.path, *setting))

    @cached_property
    def questions(self) -> list[Node]:
        """All steps that wait for an answer."""
        return [node for node in self.program.nodes.values() if isinstance(node.step, Question)]

    @cached_property
    def wordings(self) -> list[Wording]:
        """Every wording of the survey, once: what a step has from `defaults` stands there."""
        everything = [*_of_survey(self)]
        for node in self.program.nodes.values():
            everything += _of(node)
        return [wording for wording in everything if wording.path in self.file.positions]

    def own(self, node: Node, *setting: str | int) -> bool:
        """Return whether the step says this itself (False: it comes from `defaults`)."""
        return (*node.path, *setting) in self.file.positions


def _of_survey(subject: Subject) -> Iterator[Wording]:
    flow = subject.program.flow
    yield Wording(("title",), flow.title, "label")
    for name, words in flow.aspects.items():
        yield Wording(("aspects", name), words, "label")
    for index, key in enumerate(flow.keys):
        yield Wording(("keys", index, "label"), key.label, "label")
    if flow.speech.confirm is not None:
        yield Wording(("speech", "confirm"), flow.speech.confirm, "prompt")
    yield from _of_reactions(flow.defaults, ("defaults",), "")


def _of(node: Node) -> Iterator[Wording]:
    step, path = node.step, node.path
    if isinstance(step, Play):
        yield Wording((*path, "play"), step.play, "file", node.name)
    if isinstance(step, Say | Transfer | End) and step.say is not None:
        yield Wording((*path, "say"), step.say, "prompt", node.name)
    if isinstance(step, Play) and step.text is not None:
        yield Wording((*path, "text"), step.text, "prompt", node.name)
    if isinstance(step, SendText):
        yield Wording((*path, "text"), step.text, "message", node.name)
    written = getattr(step, "written", None)
    if written is not None:
        yield Wording((*path, "written"), written, "written", node.name)
    question = question_of(node)
    if question is not None:
        setting, words = question
        yield Wording((*path, setting), words, "prompt", node.name)
    if isinstance(step, Ask):
        for index, choice in enumerate(step.choices):
            yield Wording((*path, "choices", index, "label"), choice.label, "label", node.name)
    if isinstance(step, Book):
        for index, slot in enumerate(step.slots):
            yield Wording((*path, "slots", index, "label"), slot.label, "label", node.name)
    if isinstance(step, Ask | Number | Book):
        yield from _of_reactions(step, path, node.name)


def question_of(node: Node) -> tuple[str, str | dict[str, str]] | None:
    """Return the setting and the wording of the question that a step puts."""
    step = node.step
    if isinstance(step, Ask):
        return "ask", step.ask
    if isinstance(step, Number):
        return "number", step.number
    if isinstance(step, Record):
        return "record", step.record
    if isinstance(step, Book):
        return "book", step.book
    return None


def _of_reactions(step: Reactions, path: KeyPath, name: str) -> Iterator[Wording]:
    for index, words in enumerate(step.again):
        yield Wording((*path, "again", index), words, "prompt", name)
    for reaction in REACTIONS:
        for setting, kind in (("say", "prompt"), ("written", "written")):
            said = getattr(getattr(step, reaction), setting)
            if isinstance(said, list):
                for index, words in enumerate(said):
                    yield Wording((*path, reaction, setting, index), words, kind, name)
            elif said is not None:
                yield Wording((*path, reaction, setting), said, kind, name)
