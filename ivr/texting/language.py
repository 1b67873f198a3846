"""How each language writes what surveys say aloud, and reads what people reply.

Data, one file a language, in ``ivr/texting/languages``; a language without a file is written in
English ways. Pure.
"""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

FALLBACK = "en"
WRITTEN_LANGUAGES = ("en", "ko", "zh")
"""Short names of the languages that have a file."""


@dataclass(frozen=True)
class WrittenLanguage:
    """The ways of one language."""

    between: str
    """What stands between two sentences."""
    options: str
    """Under numbered options: how to answer."""
    options_unnumbered: str
    """The same where an option has no number."""
    number: str
    """How to answer a question for a number."""
    open: str
    """How to answer an open question."""
    refusal: str
    """How to refuse further messages; added to a notice that does not say so."""
    reminder: str
    """What a reminder begins with."""
    advance_notice: str
    """Says that a call will come, from ``{number}``, and how to refuse it."""
    yes: str
    no: str
    replying: str
    """The word by which a text is known to say how to answer."""
    key: re.Pattern[str]
    """A spoken instruction to press a key (group ``key``)."""
    whole_sentences: bool
    """True: an option takes a sentence (“If satisfied, press 1.”), not a clause (满意请按1，)."""
    clause: re.Pattern[str]
    """What ends a clause."""
    sentence: re.Pattern[str]
    """What ends a sentence."""
    closed: re.Pattern[str]
    """What a whole wording ends with: “再问一次：” without its options does not."""
    opt_out: frozenset[str]
    """Whole messages (flat) that refuse for ever."""
    courtesy: frozenset[str]
    """Whole messages (flat) that need no answer once the survey is over."""
    nothing: frozenset[str]
    """Whole messages (flat) that answer an open question with nothing."""
    around: tuple[re.Pattern[str], ...]
    """What may stand around a number that is meant."""
    rewrite: tuple[tuple[re.Pattern[str], str], ...]
    """Spoken wording -> written wording, in order."""

    def written(self, words: str) -> str:
        """Return spoken `words` as they are written: 请按1 -> 请回复1."""
        for pattern, instead in self.rewrite:
            words = pattern.sub(instead, words)
        return words


@cache
def written_language(language: str) -> WrittenLanguage:
    """Return the ways of `language`, by its short name (``zh-CN`` is written as ``zh``)."""
    folder = resources.files("ivr.texting").joinpath("languages")
    short = language.replace("_", "-").split("-")[0].lower()
    file = folder.joinpath(f"{short}.toml")
    if not file.is_file():
        file = folder.joinpath(f"{FALLBACK}.toml")
    read = tomllib.loads(file.read_text("utf-8"))
    for name in ("key", "clause", "sentence", "closed"):
        read[name] = re.compile(read[name])
    for name in ("opt_out", "courtesy", "nothing"):
        read[name] = frozenset(flat(word) for word in read[name])
    read["around"] = tuple(re.compile(each) for each in read["around"])
    read["rewrite"] = tuple((re.compile(spoken), written) for spoken, written in read["rewrite"])
    return WrittenLanguage(**read)


@cache
def known_languages() -> tuple[WrittenLanguage, ...]:
    """Return the ways of every language that is known."""
    return tuple(written_language(name) for name in WRITTEN_LANGUAGES)


def flat(words: str) -> str:
    """Return `words` without case, width, punctuation, emoji and blanks; ``#`` stays."""
    plain = unicodedata.normalize("NFKC", words).casefold()
    return "".join(c for c in plain if c.isalnum() or c == "#")


def is_opt_out(words: str) -> bool:
    """Return whether a whole message refuses for ever: STOP, TD, 退订, N, T ...

    In any language: whoever writes one means it.
    """
    said = flat(words)
    return any(said in language.opt_out for language in known_languages())


def is_courtesy(words: str) -> bool:
    """Return whether a whole message is a word of thanks, in any language."""
    said = flat(words)
    return any(said in language.courtesy for language in known_languages())
