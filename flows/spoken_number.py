"""Numbers as people say them to a machine: digits one by one, and Chinese numbers below 100.

Only an utterance that is a number from end to end counts; anything else is left to be asked
again. 幺 is 1, as in telephone numbers; 两 is 2.
"""

import re

from flows.phrases import normalised

_ZH = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {"〇": "0", "幺": "1", "两": "2"}
_EN = {
    name: str(figure)
    for figure, names in enumerate(
        ("zero oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    )
    for name in names.split()
}
_TENS = re.compile(r"([一二三四五六七八九]?)十([一二三四五六七八九]?)")
_AROUND = re.compile(r"^(?:嗯+|呃+|啊+|我?(?:打|给|选|按|输入|是))+|(?:分|号|个|位|吧|啊|呢)+$")


def spoken_number(words: str) -> str | None:
    """Return the digits that `words` say, or None where they are no number.

    “五” -> 5, “幺三八” -> 138, “二十” -> 20, “two zero” -> 20.
    """
    spelt = re.findall(r"[a-z]+|[0-9]", words.casefold())
    if spelt and not re.search(r"[\u3400-\u9fff]", words):
        if all(word in _EN or word.isdigit() for word in spelt):
            return "".join(_EN.get(word, word) for word in spelt)
        return "10" if spelt == ["ten"] else None
    flat = normalised(words)
    bare = _AROUND.sub("", flat) or flat
    tens = _TENS.fullmatch(bare)
    if tens:
        return _ZH.get(tens[1], "1") + _ZH.get(tens[2], "0")
    if bare and all(c in _ZH or c in "0123456789" for c in bare):
        return "".join(_ZH.get(c, c) for c in bare)
    return None


def digit_words(language: str) -> tuple[str, ...]:
    """Return the words of which numbers are made, for the recogniser."""
    return (*_ZH, "十") if language == "zh" else (*_EN, "ten")
