"""How sure an answer is: how much worse than it fits whatever else could have been said.

Word confidences do not tell it. In a grammar of few phrases they are near 1.0 also where 매우
만족합니다 is heard of 매우 불만족합니다, because they are shares among the possibilities that are
left, and the right one may fit only a little worse. So Vosk is asked for the best few readings
instead of one; the distance of the first two says how sure the whole is. That asks nothing of
language or survey, and costs no second decoding.
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from speech.recognition.grammar import ELSE, Compiled
from speech.recognition.reading import Found, with_unexplained
from speech.recognition.unexplained import Levels

READINGS = 10
"""Readings of the same sound that are compared."""
_WITHOUT_MARGIN = 0.57
_PER_UNIT = 0.07
"""Confidence of the best of two equal readings, and what each unit of log likelihood adds: `sure`
(0.85) asks for a margin of 4, `unsure` (0.5) for one of -1. Measured (docs/speech.md)."""
_REACH = 1.0
"""By so much something else may fit better than an answer that is still asked back."""
_NO_PHRASE = 0.45
"""Greatest confidence of words that are no phrases in a row."""
_PER_SECOND = 10.0
"""What a second of speech between the words takes from the margin: the 못 of 만족 못 합니다 may
hide there, where 만족 합니다 is heard."""
_ALLOWED_SECONDS = 0.1
"""Speech between the words that takes nothing: the recogniser ends words early."""

Reading = list[dict[str, Any]]


def answer(
    results: Iterable[str], grammar: Compiled, beam: float, levels: Levels
) -> tuple[Found, float]:
    """Return what was heard within a grammar, and how sure it is as a whole (0-1).

    `results` are Vosk's, with its alternatives; `levels` are those of the same sound. Raises
    ValueError where a result is not Vosk's.
    """
    found, margin = best(results, grammar, beam)
    times = [(start, end) for _, start, end, _ in found]
    hidden = max(0.0, levels.between(times) - _ALLOWED_SECONDS)
    sure = sureness(margin - _PER_SECOND * hidden)
    if not whole([text for text, *_ in found], grammar.phrases):
        sure = min(sure, _NO_PHRASE)
    return with_unexplained(found, levels.unexplained(times)), sure


def best(results: Iterable[str], grammar: Compiled, beam: float) -> tuple[Found, float]:
    """Return the best reading's words, and its distance (log likelihood) from the next one.

    An answer that fits hardly worse than something else goes first: its distance is below 0.
    `beam` is what the lattices keep: a reading that stands alone is known to be better by so
    much, and by no more. Each word's confidence is the share of the readings that have it there.
    Raises ValueError where a result is not Vosk's.
    """
    found: Found = []
    margin = beam
    for result in results:
        readings = json.loads(result).get("alternatives", ())
        scores = [float(one["confidence"]) for one in readings]
        words = [one.get("result", []) for one in readings]
        if not readings or not words[0]:
            continue
        first = _first(words, scores, grammar)
        if len(scores) > 1:
            margin = min(margin, scores[first] - max(scores[:first] + scores[first + 1 :]))
        shares = _shares(scores)
        for word in words[first]:
            text, start, end = str(word["word"]), float(word["start"]), float(word["end"])
            sure = sum(
                share for share, other in zip(shares, words, strict=True) if _has(other, word)
            )
            found.append((ELSE if text in grammar.rest else text, start, end, min(1.0, sure)))
    return found, margin


def whole(words: Sequence[str], phrases: Iterable[str]) -> bool:
    """Say whether `words` are phrases of the grammar in a row, none of them in part.

    A grammar's words may follow one another in any order: 만족 안 합니다 is then heard as 만족
    합니다 합니다, which is none of its phrases, and means nothing.
    """
    known = {tuple(phrase.split()) for phrase in phrases}
    longest = max(map(len, known), default=0)
    ends = {0}
    for end in range(1, len(words) + 1):
        begins = range(max(0, end - longest), end)
        if any(begin in ends and tuple(words[begin:end]) in known for begin in begins):
            ends.add(end)
    return len(words) in ends


def sureness(margin: float) -> float:
    """Return the confidence for a distance from the next reading."""
    return min(1.0, max(0.0, _WITHOUT_MARGIN + _PER_UNIT * margin))


def _first(readings: list[Reading], scores: list[float], grammar: Compiled) -> int:
    """Return which reading counts: the best, or an answer within reach of something else."""
    said = [[str(word["word"]) for word in reading] for reading in readings]
    if grammar.rest.isdisjoint(said[0]):
        return 0
    for place, words in enumerate(said):
        near = scores[0] - scores[place] <= _REACH
        if near and words and grammar.rest.isdisjoint(words) and whole(words, grammar.phrases):
            return place
    return 0


def _shares(scores: list[float]) -> list[float]:
    weights = [math.exp(score - max(scores)) for score in scores]
    return [weight / sum(weights) for weight in weights]


def _has(reading: Reading, word: dict[str, Any]) -> bool:
    """Say whether a reading has the same word at about the same time."""
    return any(
        other["word"] == word["word"]
        and other["start"] < word["end"]
        and word["start"] < other["end"]
        for other in reading
    )
