"""The catalogue: both languages, the same values, no key twice."""

from string import Formatter

from core.catalogue import LANGUAGES, entries
from core.errors import problem


def _values(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_every_text_stands_in_both_languages_with_the_same_values() -> None:
    found = entries()
    assert found
    for key, languages in found.items():
        assert set(languages) == set(LANGUAGES), key
        assert all(template.strip() for template in languages.values()), key
        assert _values(languages["zh"]) == _values(languages["en"]), key


def test_a_text_may_speak_of_languages_and_keys() -> None:
    said = problem("speech-unheard", language="ko").sentence("en")
    assert "“ko”" in said
