"""What the models of this house can hear: for surveys that listen, before anybody is called."""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from config.loading import Loaded
from flows.check.linter import check_file
from flows.check.vocabulary import Vocabulary


class Words(Protocol):
    """What checking needs of a recogniser (`speech.contract.Recogniser`)."""

    @property
    def languages(self) -> frozenset[str]:
        """Languages for which it has a model."""
        ...

    async def unknown_words(self, language: str, phrases: tuple[str, ...]) -> frozenset[str]:
        """Return the words of `phrases` that the language's model cannot recognise."""
        ...


def hears(loaded: Loaded, models: Collection[str] | None) -> frozenset[str] | None:
    """Return the languages in which answers count that are spoken; None: in all.

    `models`: the languages that have a model; None: not known here.
    """
    if not loaded.settings.speech.by_voice:
        return frozenset()
    return None if models is None else frozenset(models)


async def vocabulary(file: Path, words: Words, *, every_language: bool = False) -> Vocabulary:
    """Return what the models do not know of the survey `file`.

    The linter asks phrase by phrase and waits for none, so it is run once to learn what it asks.
    `every_language`: a language without a model is a fault; else nothing is said of it.
    """
    asked: dict[tuple[str, str], frozenset[str] | None] = {}

    def note(phrase: str, language: str) -> Collection[str]:
        asked[phrase, language] = frozenset()
        return ()

    check_file(file, vocabulary=note)
    for phrase, language in asked:
        if language not in words.languages:
            asked[phrase, language] = None if every_language else frozenset()
        elif phrase:
            asked[phrase, language] = await words.unknown_words(language, (phrase,))
    return lambda phrase, language: asked.get((phrase, language), frozenset())
