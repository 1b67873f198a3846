"""Manifests: what is recorded, found by its text; faults told by line."""

import os
from pathlib import Path

import pytest

from core.errors import AuthorError
from speech.plan import How
from speech.prompts import PromptCache
from speech.studio import COMMON, MANIFEST, Studio, Take, manifest_bytes, read_manifest, take_id
from speech.synthesis import Synthesis, Voice


def written(folder: Path, takes: list[Take], language: str = "zh") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for take in takes:
        if take.file and not take.by_voice:
            (folder / take.file).write_bytes(b"sound")
    (folder / MANIFEST).write_bytes(manifest_bytes(takes, language))
    return folder / MANIFEST


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    takes = [
        Take("您于", "a.wav", "fragment", "您于〔三月五日〕", "句子没有完", "steps.1", 8),
        Take("三月", "b.wav", "value"),
        Take('再见，"朋友"', "voice"),
        Take("谢谢"),
    ]
    assert read_manifest(written(tmp_path, takes), "zh") == takes
    excel = (tmp_path / MANIFEST).read_text("utf-8-sig").encode("gb18030")
    (tmp_path / MANIFEST).write_bytes(excel)
    assert read_manifest(tmp_path / MANIFEST, "zh") == takes


def test_recordings_are_found_in_the_survey_and_in_common(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    assert studio.recordings("visit", "zh") is None
    written(studio.of("visit", "zh"), [Take("您好", "a.wav"), Take("请按1", "voice"), Take("新")])
    written(studio.of(COMMON, "zh"), [Take("再见", "c.wav"), Take("三", "d.wav", "value")])
    found = studio.recordings("visit", "zh")
    assert found is not None
    assert found.file(" 您好\n") == tmp_path / "visit/zh/a.wav"
    assert found.file("再见") == tmp_path / "common/zh/c.wav"
    assert found.file("请按1") is None
    assert found.wanted_by_voice("请按1")
    assert found.unrecorded == {"新"}
    assert found.units("三") == [tmp_path / "common/zh/d.wav"]
    assert studio.recordings("other", "zh") is None  # another survey's recordings are its own
    assert studio.recordings("visit", "en") is None


def test_a_changed_manifest_is_read_anew(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    file = written(studio.of("visit", "zh"), [Take("您好")])
    before = studio.recordings("visit", "zh")
    assert before is not None
    assert before.file("您好") is None
    written(studio.of("visit", "zh"), [Take("您好", "a.wav")])
    os.utime(file, ns=(1, 1))
    after = studio.recordings("visit", "zh")
    assert after is not None
    assert after.file("您好") is not None


def test_every_fault_has_its_line(tmp_path: Path) -> None:
    rows = [
        "id,file,text",
        f"{take_id('您好', 'zh')},,您好",
        f"{take_id('您好', 'zh')},,您好吗",  # the text was changed
        f"{take_id('再见', 'zh')},lost.wav,再见",
        f"{take_id('谢谢', 'zh')},../../x.wav,谢谢",
    ]
    file = tmp_path / MANIFEST
    file.write_text("\n".join(rows), "utf-8")
    with pytest.raises(AuthorError) as refused:
        read_manifest(file, "zh")
    found = [(one.code, one.place.line) for one in refused.value.problems]
    assert found == [
        ("speech-manifest-differs", 3),
        ("speech-manifest-no-file", 4),
        ("speech-manifest-no-file", 5),
    ]
    file.write_text("编号,文件,文字\n", "utf-8")
    with pytest.raises(AuthorError) as refused:
        read_manifest(file, "zh")
    assert refused.value.problems[0].code == "speech-manifest-columns"


def test_an_id_is_the_texts_own() -> None:
    assert take_id("您好", "zh") == take_id(" 您好 ", "zh") != take_id("您好。", "zh")
    assert take_id("您好", "zh").startswith("zh-")


def test_a_manifest_that_is_spoiled_meanwhile_spoils_no_call(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "studio")
    file = written(studio.of("visit", "zh"), [Take("您好", "a.wav")])
    cache = PromptCache(tmp_path, Synthesis(), voices={"zh": Voice("cmn")}, studio=studio)
    assert cache.plan("您好", "zh").how is How.VOICE  # of no survey
    calls = cache.of("visit", {})
    assert calls.plan("您好", "zh").how is How.RECORDED
    file.write_text("spoiled", "utf-8")
    os.utime(file, ns=(2, 2))
    assert calls.plan("您好", "zh").how is How.RECORDED
    with pytest.raises(AuthorError):
        cache.of("visit", {}).plan("您好", "zh")  # a new run is refused
