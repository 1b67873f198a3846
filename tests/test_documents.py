"""Settings, surveys and import mappings tell the same mistake in the same words, with its place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.loading import load
from core.errors import AuthorError
from flows.reader import read
from storage.importing.mapping import load_mapping

ROOMS: dict[str, Callable[[Path], object]] = {
    "settings": lambda path: load(path, {}),
    "survey": read,
    "mapping": load_mapping,
}

MISTAKES = {
    "twice": ("title: a\ntitle: b\n", "document-setting-twice", 2, 1),
    "tab": ("a:\n\tb: c\n", "document-tab", 2, 1),
    "full-width colon": ("a: b\nlanguage：zh\nc: d\n", "document-full-width-colon", 2, 9),
    "foreign tag": ("a: !!python/object/apply:os.system [id]\n", "document-foreign-tag", 1, 4),
    "no YAML": ("a: [\n", "document-not-yaml", 1, 5),
    "a sign that needs quotes": ("a: b\nkey: *\n", "document-quote-needed", 2, 6),
    "a name that is no text": ("? [a, b]\n: c\n", "document-setting-no-text", 1, 3),
    "laughs": (
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n"
            for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "document-too-complex",
        0,
        0,
    ),
    "too large": ("#" * 1_000_001, "document-too-large", 1, 1),
    "other encoding": ("a: b\nc: 单位\n", "document-not-utf-8", 2, 1),
    "unknown": ("not_known: 1\n", "document-unknown-setting", 1, 1),
}


def told(room: str, path: Path, code: str) -> list[tuple[str, int, int, str, str]]:
    with pytest.raises(AuthorError) as refused:
        ROOMS[room](path)
    return [
        (p.place.file, p.place.line, p.place.column, p.sentence("zh"), p.sentence("en"))
        for p in refused.value.problems
        if p.code == code
    ]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_same_mistake_is_told_in_the_same_words(mistake: str, tmp_path: Path) -> None:
    text, code, line, column = MISTAKES[mistake]
    path = tmp_path / "file.yaml"
    path.write_bytes(text.encode("gb18030" if "encoding" in mistake else "utf-8"))
    settings, survey, mapping = (told(room, path, code) for room in ROOMS)
    assert len(settings) == 1
    file, *place = settings[0][:3]
    assert file == str(path)
    assert not line or place == [line, column]
    assert [each[:3] for each in survey] == [each[:3] for each in mapping] == [settings[0][:3]]
    if code != "document-unknown-setting":  # what may be written there differs
        assert settings == survey == mapping


def test_a_wrong_value_and_a_missing_one_are_told_alike(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("pacing:\n  channels: many\n")
    settings = told("settings", path, "document-not-a-whole-number")
    path.write_text("flow: a\nversion: many\n")
    survey = told("survey", path, "document-not-a-whole-number")
    assert (settings[0][1:3], survey[0][1:3]) == ((2, 3), (2, 1))
    assert settings[0][4].replace("channels", "version") == survey[0][4]
    path.write_text("source: a\n")
    assert {each[4] for each in told("mapping", path, "document-missing-setting")} == {
        "The setting “columns” is missing.",
        "The setting “respondent_class” is missing.",
    }
    path.write_text("trunks:\n  - name: a\n")
    assert [each[4] for each in told("settings", path, "document-missing-setting")] == [
        "The setting “uri” is missing."
    ]


def test_a_close_name_is_offered(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("calling:\n  hours_form: 9:00\n")
    ((_, line, column, zh, en),) = told("settings", path, "document-unknown-setting")
    assert (line, column) == (2, 3)
    assert "“hours_from”" in zh
    assert "Did you mean “hours_from”?" in en
