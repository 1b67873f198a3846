"""From the phrases of a wait to a grammar that a model can hear.

A Kaldi grammar is made of the model's own words, and a word that the model does not know is left
out of it without a sound: of 不满意 with an unknown 不 there would remain 满意. So every phrase is
cut into words that the model knows (Chinese and Korean are written without the blanks the model
has), and a phrase that cannot be cut is left out whole.

Beside the phrases stands everything else: the model's own word for it where it has one, or else
single syllables of the language. Said in a row they fit any speech better than a phrase that was
not said does, so that speech which is no answer does not become one.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from speech.recognition.rest import syllables

Knows = Callable[[str], bool]
"""Says whether a model has a word."""

ELSE = "[unk]"
"""What stands among the words heard for anything that is not of the grammar."""
_OWN_WORDS_FOR_ELSE = ("[unk]",)
"""Words for everything else that hear it well (measured: ``<UNK>`` of Zeroth models does not)."""

_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]+")
"""Writing in which a word may be cut at any character: kana, Han, Hangul."""
_LONGEST_WORD = 8
"""Characters of the longest word looked for when cutting."""
_UNKNOWN_COST = 1000


@dataclass(frozen=True)
class Cut:
    """A phrase in the model's words."""

    words: tuple[str, ...]
    unknown: frozenset[str]
    """Pieces that the model does not have; the phrase cannot be heard where there are any."""


@dataclass(frozen=True)
class Compiled:
    """A grammar ready for a model."""

    phrases: tuple[str, ...]
    """Phrases and what stands for everything else, each with blanks between the model's words."""
    rest: frozenset[str]
    """The words that stand for everything else."""
    within: bool = False
    """True: the phrases are looked for within longer speech (`speech.contract.Grammar`)."""


def cut(phrase: str, knows: Knows) -> Cut:
    """Return `phrase` in words of the model: as few as possible, the earlier the longer."""
    words: list[str] = []
    unknown: list[str] = []
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", phrase)):
        known = next((form for form in (token, token.lower()) if knows(form)), None)
        if known is not None:
            words.append(known)
        elif _UNSPACED.fullmatch(token):
            for piece, is_known in _pieces(token, knows):
                (words if is_known else unknown).append(piece)
        elif parts := list(_runs(token)):
            for part in parts:
                inner = cut(part, knows)
                words += inner.words
                unknown += inner.unknown
        else:
            unknown.append(token)
    return Cut(tuple(words), frozenset(unknown))


def _runs(token: str) -> Iterator[str]:
    """Cut ``110报警`` and ``well-kept`` where writing changes; nothing where it does not."""
    runs = re.findall(rf"{_UNSPACED.pattern}|[^\W\d_]+|\d", token)
    flat = [piece for run in runs for piece in _by_script(run)]
    if len(flat) > 1:
        yield from flat


def _by_script(run: str) -> list[str]:
    return [piece for piece in re.split(f"({_UNSPACED.pattern})", run) if piece]


def _pieces(token: str, knows: Knows) -> Iterator[tuple[str, bool]]:
    """Cut unspaced writing by dynamic programming; unknown characters side by side are one."""
    best: list[tuple[int, int]] = [(0, 0)] * (len(token) + 1)
    """For each place: cost from there to the end, and length of the first piece (0: unknown)."""
    for place in range(len(token) - 1, -1, -1):
        best[place] = (_UNKNOWN_COST + best[place + 1][0], 0)
        for length in range(1, min(_LONGEST_WORD, len(token) - place) + 1):
            cost = 1 + best[place + length][0]
            if cost <= best[place][0] and knows(token[place : place + length]):
                best[place] = (cost, length)
    place, unknown = 0, ""
    while place < len(token):
        length = best[place][1]
        if not length:
            unknown += token[place]
        else:
            if unknown:
                yield unknown, False
                unknown = ""
            yield token[place : place + length], True
        place += length or 1
    if unknown:
        yield unknown, False


def unknown_words(phrases: Iterable[str], knows: Knows) -> frozenset[str]:
    """Return the pieces of `phrases` that the model does not have."""
    return frozenset(word for phrase in phrases for word in cut(phrase, knows).unknown)


def compiled(
    phrases: Iterable[str], language: str, knows: Knows, *, within: bool = False
) -> Compiled:
    """Return the grammar of `phrases` and everything else.

    Without any phrase that the model can hear, there is nothing but everything else.
    """
    heard: dict[str, None] = {}
    for phrase in phrases:
        found = cut(phrase, knows)
        if found.words and not found.unknown:
            heard[" ".join(found.words)] = None
    rest = [word for word in _OWN_WORDS_FOR_ELSE if knows(word)]
    if not rest:
        # A syllable that begins an answer would take its place, and turn 네 into something else.
        taken = {word for phrase in heard for word in phrase.split()}
        rest = [one for one in syllables(language) if one not in taken and knows(one)]
    return Compiled((*heard, *rest), frozenset(rest) | {ELSE}, within)
