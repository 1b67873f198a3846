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
    if loaded.settings.answers.by_voice == "never":
        return frozenset()
    return None if models is None else frozenset(models)


async def vocabulary(loaded: Loaded, file: Path, words: Words | None) -> Vocabulary | None:
    """Return what the models do not know of the survey `file`; None where nobody listens.

    The linter asks phrase by phrase and waits for none, so it is run once to learn what it asks.
    A language without a model counts as unheard only where the settings require one.
    """
    by_voice = loaded.settings.answers.by_voice
    if by_voice == "never" or (words is None and by_voice != "required"):
        return None
    asked: dict[tuple[str, str], frozenset[str] | None] = {}

    def note(phrase: str, language: str) -> Collection[str]:
        asked[phrase, language] = frozenset()
        return ()

    check_file(file, vocabulary=note)
    modelled = frozenset() if words is None else words.languages
    for phrase, language in asked:
        if language not in modelled:
            asked[phrase, language] = None if by_voice == "required" else frozenset()
        elif phrase and words is not None:
            asked[phrase, language] = await words.unknown_words(language, (phrase,))
    return lambda phrase, language: asked.get((phrase, language), frozenset())
