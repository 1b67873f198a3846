"""A set is read as it was written, and every fault of it is told with its place."""

from pathlib import Path

import pytest

from core.errors import AuthorError
from speech.evaluation.recording_set import Evaluates, Head, read_set
from speech.evaluation.sounds import SetWriter, read_sound
from speech.tones import key_pcm


def written(folder: Path) -> Path:
    writer = SetWriter(folder, Head(evaluates=Evaluates.TONES, synthetic="by script"))
    writer.add("one", key_pcm("1"), "1", group='a "b", c', words="no\nwords")
    writer.add("none", bytes(1600), "", answered_at=None)
    assert writer.close() == 2
    return folder


def faults(folder: Path, evaluates: Evaluates = Evaluates.TONES) -> list[tuple[str, str]]:
    with pytest.raises(AuthorError) as caught:
        read_set(folder, evaluates)
    return [
        (problem.code, str(problem.place).replace(f"{folder}/", ""))
        for problem in caught.value.problems
    ]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    found = read_set(written(tmp_path / "set"), Evaluates.TONES)
    assert found.head.synthetic == "by script"
    one, none = found.recordings
    assert (one.label, one.group, one.words, one.answered_at) == ("1", 'a "b", c', "no\nwords", 0)
    assert (none.label, none.answered_at) == ("", None)
    assert read_sound(one.file) == key_pcm("1")


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", "utf-8")
    with pytest.raises(AuthorError):
        SetWriter(tmp_path, Head(evaluates=Evaluates.TONES))


def test_every_fault_is_told_with_its_place(tmp_path: Path) -> None:
    folder = written(tmp_path / "set")
    (folder / "recordings.csv").write_text(
        'label,file,answered_at\n1,one.wav,\n"2, 3",gone.wav,soon\n', "utf-8"
    )
    assert faults(folder) == [
        ("evaluation-no-file", "recordings.csv:3:8"),
        ("evaluation-bad-moment", "recordings.csv:3:17"),
    ]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("file,labell\none.wav,1\n", ("evaluation-column-unknown", "recordings.csv:1:6")),
        ("file\none.wav\n", ("evaluation-column-missing", "recordings.csv:1:1")),
        ("file,label\none.wav\n", ("evaluation-row-length", "recordings.csv:2:1")),
        ('file,label\none.wav,"1\n', ("evaluation-quote-open", "recordings.csv:2:9")),
        ("file,label\n", ("evaluation-empty-set", "recordings.csv:1:1")),
    ],
)
def test_a_table_out_of_shape(tmp_path: Path, table: str, fault: tuple[str, str]) -> None:
    folder = written(tmp_path / "set")
    (folder / "recordings.csv").write_text(table, "utf-8")
    assert faults(folder) == [fault]


def test_a_head_out_of_shape(tmp_path: Path) -> None:
    folder = written(tmp_path / "set")
    (folder / "set.yaml").write_text("evaluates: tones\nsynthetik: yes\n", "utf-8")
    assert [place for _, place in faults(folder)] == ["set.yaml:2:1"]
    (folder / "set.yaml").write_text("evaluates: speech\nlanguage: ko\n", "utf-8")
    assert [code for code, _ in faults(folder, Evaluates.SPEECH)] == [
        "evaluation-setting-missing"
    ] * 2
    assert faults(folder)[0] == ("evaluation-other-set", "set.yaml:1:1")


def test_a_folder_without_a_set(tmp_path: Path) -> None:
    assert faults(tmp_path)[0][0] == "evaluation-no-set"
