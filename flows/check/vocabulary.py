"""What a model can hear: phrases with words that it does not know are found before the call."""

from collections.abc import Callable, Collection, Iterator

from core.document import KeyPath
from core.errors import Problem, problem
from flows.check.answers import Answer, label_of, options_of, said_in
from flows.check.subject import Subject
from flows.phrases import normalised

Vocabulary = Callable[[str, str], Collection[str] | None]
"""(phrase, language) -> its words that the language's model does not know; None: there is no
model for the language."""


def check_vocabulary(subject: Subject, vocabulary: Vocabulary) -> Iterator[Problem]:
    """Phrases that cannot be heard, answers that nobody can say, languages without a model."""
    if not subject.program.flow.speech.enabled:
        return
    keys = subject.program.flow.keys
    everywhere: list[tuple[KeyPath, Answer]] = [
        (("keys", index), key) for index, key in enumerate(keys)
    ]
    for language in subject.languages:
        if vocabulary("", language) is None:
            place = subject.file.place(("speech", "enabled"))
            yield problem("flow-no-model", place, tongue=language)
            continue
        for path, answer in everywhere:
            yield from _answer(subject, path, answer, language, vocabulary)
        for node in subject.questions:
            for path, answer in options_of(node):
                yield from _answer(subject, path, answer, language, vocabulary)


def _answer(
    subject: Subject, path: KeyPath, answer: Answer, language: str, vocabulary: Vocabulary
) -> Iterator[Problem]:
    """A phrase that cannot be heard is left out of the call: keys and other phrases remain."""
    deaf: list[Problem] = []
    heard = 0
    for place, phrase in said_in(path, answer, language, subject):
        if "{" in phrase or not normalised(phrase, language):
            continue
        unknown = vocabulary(phrase, language)
        if not unknown:
            heard += 1
            continue
        deaf.append(
            problem(
                "flow-phrase-not-known",
                subject.file.place(place),
                severity="warning",
                phrase=phrase,
                words=", ".join(sorted(unknown)),
                tongue=language,
            )
        )
    yield from deaf
    if deaf and not heard and answer.key is None:
        yield problem(
            "flow-answer-not-heard",
            subject.file.place(path),
            answer=label_of(subject, answer),
            tongue=language,
        )
