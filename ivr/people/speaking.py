"""Simulated people who speak their answers instead of pressing keys. Pure.

They fit surveys whose first question takes `SATISFIED` and `DISSATISFIED` as words or as the keys
1 and 3, and all other questions the key 1 (who is dissatisfied: 3). Where nobody understands what
they say, they press when they are asked again.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.disposition import Disposition
from core.verdict import Verdict
from ivr.people.person import Expected, Person, Press, Reaction, Script, Speak


class Speaker(StrEnum):
    """Who speaks, and how."""

    SPEAKS_SATISFIED = "speaks_satisfied"
    SPEAKS_DISSATISFIED = "speaks_dissatisfied"
    SPEAKS_AT_ONCE = "speaks_at_once"
    SPEAKS_UNCLEARLY = "speaks_unclearly"
    SPEAKS_AND_PRESSES = "speaks_and_presses"


@dataclass(frozen=True)
class Vocabulary:
    """What people of one language say."""

    satisfied: str
    dissatisfied: str


VOCABULARIES = {
    "zh": Vocabulary("满意", "不满意"),
    "en": Vocabulary("satisfied", "dissatisfied"),
    "ko": Vocabulary("만족 합니다", "아니요"),
}

EXPECTED: dict[StrEnum, Expected] = {
    Speaker.SPEAKS_SATISFIED: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Speaker.SPEAKS_DISSATISFIED: Expected(Disposition.COMPLETED, Verdict.DISSATISFIED),
    Speaker.SPEAKS_AT_ONCE: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Speaker.SPEAKS_UNCLEARLY: Expected(Disposition.COMPLETED, Verdict.SATISFIED),
    Speaker.SPEAKS_AND_PRESSES: Expected(Disposition.COMPLETED, Verdict.DISSATISFIED),
}


def speakers(language: str) -> dict[Speaker, Person]:
    """Return the people who speak `language`. Raises KeyError for one without vocabulary."""
    words = VOCABULARIES[language]

    def says(what: str, after: float = 0.8, pressing: str = "") -> Speak:
        return Speak(1.2, after, what, language=language, pressing=pressing)

    presses, insists = Reaction(then=(Press("1"),)), Reaction(then=(Press("3"),))
    scripts = {
        Speaker.SPEAKS_SATISFIED: Script((Reaction(then=(says(words.satisfied),)),), presses),
        Speaker.SPEAKS_DISSATISFIED: Script((Reaction(then=(says(words.dissatisfied),)),), insists),
        # Does not let the question be finished, as far as it may be interrupted.
        Speaker.SPEAKS_AT_ONCE: Script(
            (Reaction((says(words.satisfied, 2.5),), (says(words.satisfied),)),), presses
        ),
        # Nobody could tell what was said; asked again, this person presses a key.
        Speaker.SPEAKS_UNCLEARLY: Script((Reaction(then=(Speak(1.5),)),), presses),
        # Says one thing and presses another: the key counts.
        Speaker.SPEAKS_AND_PRESSES: Script(
            (Reaction(then=(says(words.satisfied, pressing="3"),)),), presses
        ),
    }
    return {who: Person(who, script=script) for who, script in scripts.items()}
