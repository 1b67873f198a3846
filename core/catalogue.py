"""The catalogue of user-facing texts: Chinese and English side by side, one TOML file a room.

    [flow-unreachable]
    zh = "步骤“{step}”永远走不到。"
    en = "Step “{step}” can never be reached."

Files lie in ``core/texts/``. Keys are unique over all files (tested), both languages are present
and use the same values (tested). What the person on the line hears lies in ``spoken.toml``, in
every language of `SPOKEN` as well; a language that nobody wrote hears the English words.
"""

import tomllib
from functools import cache
from importlib import resources

LANGUAGES = ("zh", "en")
"""What screens speak."""
SPOKEN = ("ko",)
"""Further languages in which people are called: the texts of ``spoken.toml`` stand in them, too."""


@cache
def entries() -> dict[str, dict[str, str]]:
    """Return every catalogue entry: key -> language -> template."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted(resources.files("core").joinpath("texts").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            for key, languages in tomllib.loads(file.read_text("utf-8")).items():
                if key in found:
                    raise ValueError(f"catalogue key {key!r} stands in two files ({file.name})")
                found[key] = languages
    return found


def text(key: str, language: str = "zh", /, **values: object) -> str:
    """Return the text for `key` in `language` with `values` filled in.

    Raises KeyError for an unknown key: a missing text is a defect the tests must find.
    """
    languages = entries()[key]
    return languages.get(language, languages["en"]).format(**values)
