"""What is particular to a language in answers: a file of data each, in flows/languages/.

Fillers, negations, yes and no, number words and the words that stand for keys are data, not
code: a new language is a new file. A language without a file is understood by the survey's own
phrases alone, word for word.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

Units = tuple[str, ...]
"""An utterance in the smallest pieces that mean something: letters, or words where the language
writes blanks between them."""

_WORDS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d")


@dataclass(frozen=True)
class Numbers:
    """How numbers are made of words."""

    digits: Mapping[str, tuple[str, ...]]
    """``0`` to ``9`` -> their words, the usual one first."""
    units: Mapping[str, int]
    """Words that multiply the digit before them: 十, 百."""
    whole: Mapping[str, int]
    """Words of a fixed value from ten: eleven, twenty, 스물."""
    joined: tuple[str, ...]
    """Words that only join: and, 零."""
    repeats: Mapping[str, int]
    """Words that repeat the digit behind them: double."""
    bare_unit: tuple[int, ...]
    """Units that stand without a digit before them: 十."""
    ones_after_hundred: bool
    """True: a digit right behind a hundred counts ones (백이 is 102)."""
    sure_alone: bool
    """False: a number of one letter is too short to be heard surely; it is asked back."""
    before: tuple[str, ...]
    after: tuple[str, ...]
    """What may stand around a number without changing it: 我打五分."""


@dataclass(frozen=True)
class PromptPatterns:
    """How prompts name keys: regular expressions by which surveys are checked."""

    names: Mapping[str, tuple[str, ...]]
    """``*`` and ``#`` -> their names."""
    numeral: str
    """A numeral that is a key: ``{key}`` stands for its names."""
    named: str
    """A numeral that the prompt tells to press."""
    range: tuple[str, ...]
    """Words between the first and the last key of a range."""
    key_first: tuple[str, ...]
    """The key before its option; ``{digit}`` is the figure."""
    clause_first: str
    """A clause that begins with the key; its group ``after`` is what follows; empty: none."""
    no_option: str
    """What may follow a key without being its option."""
    key_then_option: str
    """The key directly before ``{option}``; empty: none."""


@dataclass(frozen=True)
class Language:
    """One language's data; lists hold words as they are said."""

    code: str
    name: str
    spaced: bool
    """True: words stand apart by blanks and are told apart by them."""
    fillers: tuple[str, ...]
    trailers: tuple[str, ...]
    negations: tuple[str, ...]
    doubt: tuple[str, ...]
    guards: tuple[str, ...]
    """Denials that a recogniser is told beside the answers that rate: ``{}`` is the answer."""
    yes: tuple[str, ...]
    no: tuple[str, ...]
    numbers: Numbers
    key_frames: tuple[str, ...]
    """``{}`` stands for the digit's word: 按{}."""
    key_names: Mapping[str, tuple[str, ...]]
    """``*`` and ``#`` -> their words."""
    prompts: "PromptPatterns"

    def cut(self, words: str) -> Units:
        """Return `words` in this language's units, without case, width and punctuation."""
        flat = unicodedata.normalize("NFKC", words).casefold().replace("\u2019", "'")
        if self.spaced:
            return tuple(_WORDS.findall(flat))
        return tuple(c for c in flat if c.isalnum() or c == "'")

    def cut_all(self, words: Iterable[str]) -> tuple[Units, ...]:
        """Return several, the longest first."""
        return tuple(sorted({self.cut(each) for each in words} - {()}, key=lambda u: (-len(u), u)))

    @cached_property
    def filler_units(self) -> tuple[Units, ...]:
        """What may stand before an answer."""
        return self.cut_all(self.fillers)

    @cached_property
    def trailer_units(self) -> tuple[Units, ...]:
        """What may stand behind an answer."""
        return self.cut_all(self.trailers)

    @cached_property
    def negation_units(self) -> tuple[Units, ...]:
        """What voids the phrase behind it."""
        return self.cut_all(self.negations)

    @cached_property
    def doubt_units(self) -> tuple[Units, ...]:
        """What makes a sentence doubtful."""
        return self.cut_all(self.doubt)

    @cached_property
    def yes_units(self) -> tuple[Units, ...]:
        """Words of consent, which often open an answer: 네, 만족합니다."""
        return self.cut_all(self.yes)

    @property
    def understood(self) -> bool:
        """False for a language without a file: only whole phrases count, nothing is guessed."""
        return bool(self.negations)

    def digit_words(self, key: str) -> tuple[str, ...]:
        """Return the words of a digit, of ``*`` or of ``#``."""
        return self.numbers.digits.get(key) or self.key_names.get(key, ())


_UNNAMED = PromptPatterns({"*": (), "#": ()}, "", "", (), (), "", "", "")
_STRANGE = Numbers({}, {}, {}, (), {}, (), False, False, (), ())


@cache
def languages() -> Mapping[str, Language]:
    """Return every language that has a file, by its code."""
    folder = resources.files("flows").joinpath("languages")
    return {
        file.name.removesuffix(".toml"): _read(
            file.name.removesuffix(".toml"), file.read_text("utf-8")
        )
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
    }


@cache
def language(code: str) -> Language:
    """Return the data of a language; of one without a file, nothing but its code."""
    known = languages().get(code)
    if known is not None:
        return known
    none: tuple[str, ...] = ()
    nothing = (none,) * 7
    return Language(code, code, False, *nothing, _STRANGE, none, {}, _UNNAMED)


def _read(code: str, source: str) -> Language:
    """Read a file. Raises KeyError for what it lacks (tested for every file)."""
    read = tomllib.loads(source)
    numbers, keys, prompts = read["numbers"], read["keys"], read["prompts"]
    return Language(
        code=code,
        name=read["name"],
        spaced=read["spaced"],
        fillers=tuple(read["fillers"]),
        trailers=tuple(read["trailers"]),
        negations=tuple(read["negations"]),
        doubt=tuple(read["doubt"]),
        guards=tuple(read["guards"]),
        yes=tuple(read["yes"]),
        no=tuple(read["no"]),
        numbers=Numbers(
            digits={figure: tuple(read["digits"][figure]) for figure in "0123456789"},
            units=numbers["units"],
            whole=numbers["whole"],
            joined=tuple(numbers["joined"]),
            repeats=numbers["repeats"],
            bare_unit=tuple(numbers["bare_unit"]),
            ones_after_hundred=numbers["ones_after_hundred"],
            sure_alone=numbers["sure_alone"],
            before=tuple(numbers["before"]),
            after=tuple(numbers["after"]),
        ),
        key_frames=tuple(keys["frames"]),
        key_names={"*": tuple(keys["star"]), "#": tuple(keys["hash"])},
        prompts=PromptPatterns(
            names={"*": tuple(prompts["star"]), "#": tuple(prompts["hash"])},
            numeral=prompts["numeral"],
            named=prompts["named"],
            range=tuple(prompts["range"]),
            key_first=tuple(prompts["key_first"]),
            clause_first=prompts["clause_first"],
            no_option=prompts["no_option"],
            key_then_option=prompts["key_then_option"],
        ),
    )
