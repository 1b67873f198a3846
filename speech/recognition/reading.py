"""From what Vosk answers to an `Utterance`."""

import json
from collections.abc import Iterable

from speech.contract import Utterance, Word
from speech.recognition.grammar import ELSE

Found = list[tuple[str, float, float, float]]
"""Words as they go over the socket: text, start, end (seconds), confidence (0-1)."""


def words_of(results: Iterable[str], rest: frozenset[str]) -> Found:
    """Return the words of Vosk's results, in their order; those of `rest` become `ELSE`.

    A result without word times (an empty one) has none. Raises ValueError where a result is not
    Vosk's.
    """
    found: Found = []
    for result in results:
        for word in json.loads(result).get("result", ()):
            text = str(word["word"])
            found.append(
                (
                    ELSE if text in rest else text,
                    float(word["start"]),
                    float(word["end"]),
                    min(1.0, float(word["conf"])),  # a sum of floats, at times 1.000001
                )
            )
    return found


def with_unexplained(found: Found, places: Iterable[tuple[float, float]]) -> Found:
    """Return the words with `ELSE` at every place where speech is that they do not explain."""
    other = [(ELSE, start, end, 1.0) for start, end in places]
    return sorted([*found, *other], key=lambda word: word[1])


def utterance(found: Found, sure: float | None = None) -> Utterance:
    """Return what was heard, as sure as `sure`; None: as the least sure of its words.

    Where something else was said among the words, the text is empty: 不 as something else before
    满意 must not leave 满意. The words are kept all the same, for whoever looks for a part.
    """
    words = tuple(Word(*one) for one in found)
    if not words or any(word.text == ELSE for word in words):
        return Utterance("", 0.0, words)
    if sure is None:
        sure = min(word.confidence for word in words)
    return Utterance(" ".join(word.text for word in words), sure, words)
