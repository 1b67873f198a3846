"""Syllables that stand for everything else in languages whose models have no word for it.

How many, and which, was measured (docs/speech.md): too few and other speech becomes an answer, too
many and answers become something else.
"""

_FIRST_HANGUL = 0xAC00
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"


def _hangul(initials: str, vowels: str, finals: str) -> tuple[str, ...]:
    """Return every syllable of the given letters (Unicode 15, section 3.12)."""
    return tuple(
        chr(
            _FIRST_HANGUL
            + (_INITIALS.index(initial) * len(_VOWELS) + _VOWELS.index(vowel)) * len(_FINALS)
            + _FINALS.index(final)
        )
        for initial in initials
        for vowel in vowels
        for final in finals
    )


_KOREAN = _hangul("ㅇ", "ㅏㅓㅗㅜㅡㅣㅐ", " ㄴㄹㅇㄱㅁㅂ")
"""Every vowel, and how syllables end; initial consonants would take parts of answers."""


_CHINESE = tuple("啊爱安昂奥饿恩二一因英哟五挖歪万王为问翁我牙烟羊要也雨元月云用有")
"""Every final without an initial, in the same way; not measured for want of a Chinese model
without a word of its own for everything else."""


def syllables(language: str) -> tuple[str, ...]:
    """Return the syllables for `language`; none where its models have a word for it."""
    return {"ko": _KOREAN, "zh": _CHINESE}.get(language, ())
