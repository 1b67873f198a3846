import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import AuthorError
from speech.models import unpacking
from speech.models.unpacking import unpack

PARTS = {"am/final.mdl": b"acoustic", "conf/mfcc.conf": b"--use-energy=false\n", "README": b"x"}


def archive(path: Path, parts: dict[str, bytes], prefix: str = "vosk-model-small-cn-0.22/") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(prefix + name, content)
    return path


def refused(source: Path, into: Path) -> str:
    with pytest.raises(AuthorError) as error:
        unpack(source, into)
    error.value.sentences("zh")
    return error.value.problems[0].code


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("prefix", ["", "vosk-model-small-cn-0.22/", "a/vosk-model-cn/"])
def test_the_model_is_found_in_its_archive(tmp_path: Path, into: Path, prefix: str) -> None:
    found = unpack(archive(tmp_path / "m.zip", PARTS, prefix), into)
    assert found == into / prefix
    assert (found / "am" / "final.mdl").read_bytes() == b"acoustic"


def test_the_old_layout_is_a_model_too(tmp_path: Path, into: Path) -> None:
    found = unpack(archive(tmp_path / "m.zip", {"final.mdl": b"x", "mfcc.conf": b""}), into)
    assert found.name == "vosk-model-small-cn-0.22"


def test_a_folder_is_copied_with_links_inside_it_as_files(tmp_path: Path, into: Path) -> None:
    source = tmp_path / "vosk-model-cn"
    (source / "am").mkdir(parents=True)
    (source / "am" / "final.mdl").write_bytes(b"acoustic")
    (source / "link").symlink_to(source / "am" / "final.mdl")
    found = unpack(source, into)
    assert (found / "link").read_bytes() == b"acoustic"
    assert not (found / "link").is_symlink()


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, into: Path) -> None:
    source = tmp_path / "model"
    source.mkdir()
    (source / "secret").symlink_to("/etc/hostname")
    assert refused(source, into) == "models-link"


@pytest.mark.parametrize("name", ["../../evil", "/evil", "a/../../evil", "..\\evil", "C:/evil"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, into: Path, name: str) -> None:
    source = archive(tmp_path / "m.zip", {name: b"x"}, prefix="")
    assert refused(source, into) == "models-path"
    assert not list(into.rglob("*"))


def test_links_in_an_archive_are_refused(tmp_path: Path, into: Path) -> None:
    source = tmp_path / "m.zip"
    entry = zipfile.ZipInfo("model/link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(source, "w") as made:
        made.writestr(entry, "/etc/passwd")
    assert refused(source, into) == "models-link"


def test_an_archive_without_end_is_refused_before_it_is_unpacked(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MOST_BYTES", 1000)
    bomb = archive(tmp_path / "m.zip", {"am/final.mdl": bytes(100_000)})
    assert bomb.stat().st_size < 1000
    assert refused(bomb, into) == "models-too-large"
    assert not list(into.rglob("*"))


def test_more_files_than_any_model_has_are_refused(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MOST_FILES", 2)
    assert refused(archive(tmp_path / "m.zip", PARTS), into) == "models-too-large"


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path: Path, into: Path) -> None:
    source = archive(tmp_path / "m.zip", {"am/final.mdl": bytes(100_000)}, prefix="")
    content = source.read_bytes()
    told = (100_000).to_bytes(4, "little")
    assert content.count(told) == 2  # the entry's header, and the directory
    source.write_bytes(content.replace(told, (50_000).to_bytes(4, "little")))
    assert refused(source, into) == "models-no-archive"
    assert sum(file.stat().st_size for file in into.rglob("*") if file.is_file()) <= 50_000


def _text(path: Path) -> Path:
    path.write_text("no archive")
    return path


def _damaged(path: Path) -> Path:
    content = bytearray(archive(path, PARTS | {"graph": bytes(range(256)) * 50}).read_bytes())
    content[400:420] = bytes(20)
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_text, "models-no-archive"),
        (_damaged, "models-no-archive"),
        (lambda path: path, "models-no-source"),
        (lambda path: archive(path, {"README": b"x"}), "models-no-model"),
    ],
)
def test_what_is_no_model_is_told(
    tmp_path: Path, into: Path, make: Callable[[Path], Path], code: str
) -> None:
    assert refused(make(tmp_path / "m.zip"), into) == code
