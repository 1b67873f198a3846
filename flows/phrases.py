"""Which answer was meant: spoken words matched against the phrases of the answers.

不满意 contains 满意, so nothing is ever taken out of the middle of a sentence: only a whole
utterance that is a phrase counts as said. Where phrases merely occur in it, the longest at each
place wins, a negation before it voids it, and what is left is at best asked back.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

_FILLERS = re.compile(
    r"^(?:嗯+|呃+|额+|啊+|哦+|噢+|那个|就是|我觉得|我认为|我|um+|uh+|well|ithink)+"
)
_TRAILERS = re.compile(r"(?:吧|啊|呢|的|了|嘛|哦|呀|please)+$")
_NEGATIONS = re.compile(
    r"(?:不是很|不怎么|谈不上|没什么|不太|不是|不算|不大|不够|不很|没有|并不|并非|不能说|说不上|绝不|毫不"
    r"|不|没|非|未|别|无|not|never|no|isn't|isnt|wasn't|wasnt|don't|dont|hardly|un|dis)$"
)
_DOUBT = re.compile(r"(?:不|没|未|无|not|n't|never|但|可是|如果|要是|but|if)")


@dataclass(frozen=True)
class Heard:
    """What an utterance means: the answer's index, and whether it was the whole utterance."""

    answer: int
    whole: bool


def normalised(words: str) -> str:
    """Return `words` without case, width, punctuation and blanks."""
    flat = unicodedata.normalize("NFKC", words).casefold()
    return "".join(c for c in flat if c.isalnum() or c == "'")


def _bare(words: str) -> str:
    stripped = _TRAILERS.sub("", _FILLERS.sub("", words))
    return stripped or words


def match(utterance: str, answers: Iterable[Iterable[str]]) -> Heard | None:
    """Return the one answer that `utterance` gives, or None where none or several fit.

    `answers` holds the phrases of each answer, in their order.
    """
    said = normalised(utterance)
    if not said:
        return None
    table = _table(tuple(map(tuple, answers)))
    for candidate in (said, _bare(said)):
        whole = table.get(candidate)
        if whole is not None:
            return Heard(next(iter(whole)), True) if len(whole) == 1 else None
    return _contained(said, table)


@lru_cache(maxsize=1024)
def _table(answers: tuple[tuple[str, ...], ...]) -> Mapping[str, set[int]]:
    """Return which answers each phrase gives; made once for a question, not at every utterance."""
    table: dict[str, set[int]] = {}
    for index, phrases in enumerate(answers):
        for phrase in phrases:
            flat = normalised(phrase)
            if flat:
                table.setdefault(flat, set()).add(index)
    return table


def _contained(said: str, table: Mapping[str, set[int]]) -> Heard | None:
    found: set[int] = set()
    by_length = sorted(table, key=len, reverse=True)
    place, rest = 0, ""
    while place < len(said):
        phrase = next((p for p in by_length if said.startswith(p, place)), None)
        if phrase is None:
            rest += said[place]
            place += 1
            continue
        if _NEGATIONS.search(said[:place]):
            return None
        found |= table[phrase]
        rest += "\0"
        place += len(phrase)
    if len(found) != 1 or _DOUBT.search(rest):
        return None
    return Heard(found.pop(), False)
