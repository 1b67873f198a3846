from pathlib import Path

import pytest

from speech.models.description import checksum, checksums, language_of, licence_of
from speech.models.layout import layout


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("vosk-model-small-cn-0.22", "zh"),
        ("vosk-model-cn-0.22", "zh"),
        ("vosk-model-en-us-0.22-lgraph", "en"),
        ("vosk-model-small-ko-0.22", "ko"),
        ("vosk-model-small-uk-v3-nano", "uk"),
        ("vosk-model-spk-0.4", ""),
        ("model", ""),
    ],
)
def test_a_models_name_tells_its_language(name: str, language: str) -> None:
    assert language_of(name) == language


@pytest.mark.parametrize(
    ("file", "text", "licence"),
    [
        (
            "LICENSE",
            "\n    Apache License\n  Version 2.0\n",
            "Apache License (LICENSE)",
        ),
        (
            "README",
            "Chinese model\n\nLicensed under CC BY-SA 4.0",
            "Licensed under CC BY-SA 4.0 (README)",
        ),
        ("README.txt", "Korean model, 2022", ""),
    ],
)
def test_a_licence_is_read_not_guessed(tmp_path: Path, file: str, text: str, licence: str) -> None:
    (tmp_path / file).write_text(text)
    assert licence_of(tmp_path) == licence


def test_the_checksum_is_over_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "am").mkdir()
    (tmp_path / "am" / "final.mdl").write_bytes(b"x")
    first = checksum(checksums(tmp_path))
    assert list(checksums(tmp_path)) == ["am/final.mdl"]
    (tmp_path / "am" / "final.mdl").rename(tmp_path / "am" / "other.mdl")
    assert checksum(checksums(tmp_path)) != first


@pytest.mark.parametrize("old", [False, True])
def test_both_layouts_of_models_are_known(tmp_path: Path, old: bool) -> None:
    graph = tmp_path if old else tmp_path / "graph"
    acoustic = tmp_path if old else tmp_path / "am"
    features = tmp_path if old else tmp_path / "conf"
    for folder in (graph, acoustic, features):
        folder.mkdir(exist_ok=True)
    (acoustic / "final.mdl").touch()
    assert layout(tmp_path).missing == ("mfcc.conf", "HCLr.fst + Gr.fst / HCLG.fst")
    (features / "mfcc.conf").write_text("--use-energy=false\n--sample-frequency=8000 # narrow\n")
    (graph / "HCLr.fst").touch()
    (graph / "Gr.fst").touch()
    assert layout(tmp_path).missing == ()
    assert layout(tmp_path).has_grammars
    assert layout(tmp_path).sample_rate() == 8000


def test_a_whole_graph_takes_no_grammar(tmp_path: Path) -> None:
    (tmp_path / "graph").mkdir()
    (tmp_path / "graph" / "HCLG.fst").touch()
    assert not layout(tmp_path).has_grammars
