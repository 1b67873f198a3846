"""The language of screens: what was asked for, else the settings', else the locale's, else zh."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import typer

from app.context import Invocation, language


def context(config: Path | None = None, chosen: str | None = None) -> typer.Context:
    return cast(typer.Context, SimpleNamespace(obj=Invocation(config, chosen)))


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LANG", "HUIFANG_LANGUAGE", "HUIFANG_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_chinese_unless_somebody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert language(context()) == "zh"
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    assert language(context()) == "en"
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert language(context()) == "zh"
    assert language(context(chosen="en")) == "en"


def test_written_settings_win_over_the_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    (tmp_path / "huifang.yaml").write_text("language: zh\n")
    assert language(context()) == "zh"
    (tmp_path / "broken.yaml").write_text("language: xx\n")
    assert language(context(tmp_path / "broken.yaml")) == "zh"
