"""The catalogue: every language, the same values, no key twice."""

import re
import tomllib
from importlib import resources
from pathlib import Path
from string import Formatter

from core.catalogue import LANGUAGES, SPOKEN, entries, text
from core.errors import problem

SPOKEN_FILE = "spoken.toml"
ROOT = Path(__file__).parent.parent
SAYS = re.compile(
    r"""\b(?:say_own|own)\("([a-z-]+)"|"(flow-(?:silence|invalid[a-z-]*|unsure|gave-up|confirm))\""""
)
"""How code names what the person on the line hears."""


def _values(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _spoken() -> set[str]:
    file = resources.files("core").joinpath("texts", SPOKEN_FILE)
    return set(tomllib.loads(file.read_text("utf-8")))


def test_every_text_stands_in_every_language_with_the_same_values() -> None:
    found, spoken = entries(), _spoken()
    assert spoken
    for key, languages in found.items():
        wanted = {*LANGUAGES, *SPOKEN} if key in spoken else set(LANGUAGES)
        assert set(languages) == wanted, key
        assert all(template.strip() for template in languages.values()), key
        for language in wanted:
            assert _values(languages[language]) == _values(languages["en"]), (key, language)


def test_what_a_called_person_hears_stands_in_the_languages_of_calls() -> None:
    named: set[str] = set()
    for room in ("flows", "ivr"):
        for file in (ROOT / room).rglob("*.py"):
            if not file.name.startswith("test_"):
                for said in SAYS.finditer(file.read_text("utf-8")):
                    named.add(said[1] or said[2])
    assert {"flow-confirm", "flow-silence", "ivr-apology"} <= named
    assert named <= _spoken()


VALUES = {"heard": "", "who": "", "office": "", "number": ""}


def test_korean_texts_are_korean() -> None:
    for key in _spoken():
        hangul = re.findall(r"[가-힣]", text(key, "ko", **VALUES))
        assert len(hangul) > 5, key


def test_a_text_may_speak_of_languages_and_keys() -> None:
    said = problem("speech-unheard", language="ko").sentence("en")
    assert "“ko”" in said
