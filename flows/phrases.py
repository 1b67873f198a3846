"""Which answer was meant: spoken words matched against the phrases of the answers.

不满意 contains 满意, so nothing is ever taken out of the middle of a sentence: only a whole
utterance that is a phrase counts as said. Where phrases merely occur in it, the longest at each
place wins, a negation before it voids it, words of doubt beside it void everything, and what is
left is at best asked back. Which words those are is each language's own data.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from flows.language import Language, Units, language


@dataclass(frozen=True)
class Heard:
    """What an utterance means: the answer's index, and whether it was the whole utterance."""

    answer: int
    whole: bool


def normalised(words: str, code: str = "zh") -> str:
    """Return `words` without case, width and punctuation: what is equal then sounds alike."""
    return " ".join(language(code).cut(words))


def match(utterance: str, answers: Iterable[Iterable[str]], code: str = "zh") -> Heard | None:
    """Return the one answer that `utterance` gives, or None where none or several fit.

    `answers` holds the phrases of each answer, in their order; `code` is the language spoken.
    """
    tongue = language(code)
    said = tongue.cut(utterance)
    if not said:
        return None
    table = _table(tuple(map(tuple, answers)), code)
    for known in (table.phrases.get(said), *_less(said, table, tongue)):
        if known is not None:
            return Heard(next(iter(known)), True) if len(known) == 1 else None
    return _contained(said, table.phrases, tongue) if tongue.understood else None


@dataclass(frozen=True)
class _Table:
    phrases: Mapping[Units, frozenset[int]]
    bare: Mapping[Units, frozenset[int]]
    """The same without what may stand around an answer (만족 for 만족합니다)."""


@lru_cache(maxsize=1024)
def _table(answers: tuple[tuple[str, ...], ...], code: str) -> _Table:
    """Return which answers each phrase gives; made once for a question, not at every utterance."""
    tongue = language(code)
    phrases: dict[Units, frozenset[int]] = {}
    bare: dict[Units, frozenset[int]] = {}
    for index, forms in enumerate(answers):
        for form in forms:
            units = tongue.cut(form)
            if units:
                phrases[units] = phrases.get(units, frozenset()) | {index}
                less = without(units, behind=tongue.trailer_units)
                bare[less] = bare.get(less, frozenset()) | {index}
    return _Table(phrases, bare)


def _less(said: Units, table: _Table, tongue: Language) -> Iterable[frozenset[int] | None]:
    """Look the utterance up without what may stand around an answer, the least first."""
    bare = without(said, tongue.filler_units, tongue.trailer_units)
    yield table.phrases.get(bare)
    yield table.bare.get(bare)
    # 네, 만족합니다: consent before an answer changes nothing, where it is no answer itself.
    openers = tuple(u for u in tongue.yes_units if u not in table.phrases and u not in table.bare)
    shorter = without(bare, openers, ())
    if shorter != bare:
        shorter = without(shorter, tongue.filler_units, ())
        yield table.phrases.get(shorter)
        yield table.bare.get(shorter)


def without(units: Units, before: tuple[Units, ...] = (), behind: tuple[Units, ...] = ()) -> Units:
    """Return `units` without what may stand before and behind; never nothing."""
    kept = units
    while (cut := next((b for b in before if kept[: len(b)] == b), None)) and len(cut) < len(kept):
        kept = kept[len(cut) :]
    while (cut := next((b for b in behind if kept[-len(b) :] == b), None)) and len(cut) < len(kept):
        kept = kept[: -len(cut)]
    return kept


def _contained(
    said: Units, table: Mapping[Units, frozenset[int]], tongue: Language
) -> Heard | None:
    by_length = sorted(table, key=len, reverse=True)
    found: frozenset[int] = frozenset()
    place = 0
    gaps: list[Units] = [()]
    while place < len(said):
        phrase = next((p for p in by_length if said[place : place + len(p)] == p), None)
        if phrase is None:
            gaps[-1] = (*gaps[-1], said[place])
            place += 1
            continue
        before = said[:place]
        if any(before[-len(no) :] == no for no in tongue.negation_units):
            return None
        found |= table[phrase]
        gaps.append(())
        place += len(phrase)
    if len(found) != 1 or any(_holds(gap, word) for gap in gaps for word in tongue.doubt_units):
        return None
    return Heard(next(iter(found)), False)


def _holds(units: Units, word: Units) -> bool:
    return any(units[at : at + len(word)] == word for at in range(len(units) - len(word) + 1))
