"""`huifang evaluate`: sets made by script, figures for people and for machines."""

import json
from pathlib import Path

from rich.console import Console
from typer.testing import CliRunner

from app.evaluation_text import confusion
from app.main import app
from speech.evaluation.recording_set import Evaluates, Head
from speech.evaluation.scoring import Confusion, Share, spread
from speech.evaluation.sounds import SetWriter
from speech.evaluation.tone_cases import pressed

GOLDEN = """\
┏━━━━━━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┳━━━━━━━━┓
┃ there        ┃ satisfied ┃ dissatisfied ┃ ask:satisfied ┃ unsure ┃
┡━━━━━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━╇━━━━━━━━┩
│ satisfied    │         2 │            · │             1 │      · │
│ dissatisfied │         · │            3 │             · │      1 │
└──────────────┴───────────┴──────────────┴───────────────┴────────┘
"""


def run(*words: object, code: int = 0) -> str:
    found = CliRunner().invoke(app, ["-l", "en", "evaluate", *map(str, words)])
    assert found.exit_code == code, found.output
    return found.stdout if not code else found.stderr


def rows(folder: Path, keys: dict[str, str]) -> Path:
    writer = SetWriter(folder, Head(evaluates=Evaluates.TONES))
    for number, (there, label) in enumerate(keys.items()):
        writer.add(f"r{number}", pressed(there, number), label, group="g")
    writer.close()
    return folder


def test_the_confusion_matrix_is_drawn() -> None:
    matrix = Confusion(
        ("satisfied", "dissatisfied", "none"),
        ("satisfied", "dissatisfied", "ask:satisfied", "unsure", "silence"),
    )
    for label, result in (
        *[("satisfied", "satisfied")] * 2,
        ("satisfied", "ask:satisfied"),
        *[("dissatisfied", "dissatisfied")] * 3,
        ("dissatisfied", "unsure"),
    ):
        matrix.add(label, result)
    console = Console(width=120, force_terminal=False, record=True, color_system=None)
    with console.capture() as drawn:
        console.print(confusion(matrix, "en"))
    assert drawn.get() == GOLDEN


def test_figures_come_with_n_and_interval() -> None:
    share = Share(9, 10).as_json()
    assert share == {"share": 0.9, "hits": 9, "n": 10, "low": 0.5958, "high": 0.9821}
    assert Share(0, 0).as_json()["share"] is None
    found = spread([0.3, 0.1, 0.2])
    assert found is not None
    assert (found.median, found.longest, found.n) == (0.2, 0.3, 3)


def test_tones_are_made_and_evaluated(tmp_path: Path) -> None:
    made = json.loads(
        run("make", "tones", tmp_path / "set", "--count", 4, "--minutes", 0.3, "--format", "json")
    )
    assert "espeak" in made["synthetic"]
    report = json.loads(run("tones", tmp_path / "set", "--format", "json"))
    assert report["recordings"] == made["recordings"]
    assert report["synthetic"] == made["synthetic"]
    assert report["targets"] == {"keys_heard_999": True, "no_false_key": True}
    assert report["groups"]["Q.24 deviation"]["n"] == 17
    shown = run("tones", tmp_path / "set")
    assert "synthetic" in shown
    assert "no false key and none doubled: reached" in shown


def test_wrong_recordings_are_found(tmp_path: Path) -> None:
    folder = rows(tmp_path / "set", {"123": "123", "456": "46", "789": "7889", "0": "1"})
    report = json.loads(run("tones", folder, "--format", "json"))
    assert report["targets"] == {"keys_heard_999": False, "no_false_key": False}
    assert report["shares"]["keys_heard"]["hits"] == 8
    assert report["shares"]["keys_heard"]["n"] == 10
    assert report["facts"]["false_keys"] == 2
    assert report["confusion"]["1"] == {"1": 1, "0": 1}
    assert [miss["file"] for miss in report["misses"]] == ["r1.wav", "r2.wav", "r3.wav"]
    assert "MISSED" in run("tones", folder)


def test_a_bad_line_is_told_and_felt(tmp_path: Path) -> None:
    folder = rows(tmp_path / "set", {"123": "123", "456": "456"})
    report = json.loads(run("tones", folder, "--augment", "snr=-8", "--format", "json"))
    assert report["augment"] == {"snr": -8.0}
    assert report["shares"]["keys_heard"]["hits"] < 6


def test_a_wrong_table_is_refused_with_its_place(tmp_path: Path) -> None:
    folder = rows(tmp_path / "set", {"123": "12x"})
    complaint = run("tones", folder, code=2)
    assert "recordings.csv:2:8" in complaint
    assert "12x" in complaint
    assert "--augment" in run("tones", folder, "--augment", "loss=99", code=2)
    assert "recordings.csv" not in run("pickup", folder, code=2)


def test_first_sounds_are_judged_without_a_model(tmp_path: Path) -> None:
    run("make", "pickup", tmp_path / "set", "--count", 20)
    report = json.loads(run("pickup", tmp_path / "set", "--format", "json"))
    assert report["targets"] == {"hung_up_on_1": True, "decided_in_2": True}
    assert report["shares"]["people_hung_up_on"]["n"] == 12
    assert report["confusion"]["person"] == {"person": 10}
    assert report["confusion"]["silence"] == {"silence": 2}
    assert report["groups"]["mailbox with a beep"]["share"] == 1.0
    assert 0 < report["delays"]["end_of_greeting_to_decision"]["median"] < 2


def test_a_language_without_wordings_is_refused(tmp_path: Path) -> None:
    assert "ko" in run("make", "speech", tmp_path / "set", "--of", "fr", code=2)
