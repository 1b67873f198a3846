import json
from dataclasses import asdict
from pathlib import Path

import pytest

from app.recognisers import accept, chosen, faults, recogniser
from config.loading import Loaded, load
from core.errors import AuthorError
from flows.reader import read
from speech.models.description import Description
from speech.recognition.local import VoskRecogniser
from speech.recognition.remote import RemoteRecogniser


def house(folder: Path, settings: str, *names: str) -> Loaded:
    """Settings, and the descriptions of models as `huifang models add` leaves them."""
    folder.mkdir(exist_ok=True)
    (folder / "huifang.yaml").write_text(settings, "utf-8")
    for name in names:
        kept = folder / "var" / "models" / name
        kept.mkdir(parents=True)
        language = "zh" if "cn" in name else "ko"
        model = Description(name, language, 16000, 1, name, "", True, "2026-01-01", {})
        (kept / "model.json").write_text(json.dumps(asdict(model)), "utf-8")
    return load(folder / "huifang.yaml")


def codes(loaded: Loaded, *languages: str) -> list[tuple[str, bool]]:
    return [(fault.code, fault.is_error) for fault in faults(loaded, languages)]


def test_the_only_model_of_a_language_needs_no_setting(tmp_path: Path) -> None:
    loaded = house(tmp_path, "language: zh\n", "small-cn", "ko")
    assert chosen(loaded).models == {
        "zh": tmp_path / "var" / "models" / "small-cn" / "model",
        "ko": tmp_path / "var" / "models" / "ko" / "model",
    }
    assert codes(loaded, "zh", "ko") == []
    made = recogniser(loaded)
    assert isinstance(made, VoskRecogniser)
    assert made.languages == {"zh", "ko"}


def test_between_several_the_operator_chooses(tmp_path: Path) -> None:
    loaded = house(tmp_path, "language: zh\n", "small-cn", "large-cn")
    assert codes(loaded, "zh")[0] == ("speech-model-choice", True)
    with pytest.raises(AuthorError):
        recogniser(loaded)
    (tmp_path / "huifang.yaml").write_text("speech: {models: {zh: large-cn}}\n")
    loaded = load(tmp_path / "huifang.yaml")
    assert chosen(loaded).models["zh"].parent.name == "large-cn"
    assert codes(loaded, "zh") == []


def test_a_model_that_is_not_here_is_told_with_its_place(tmp_path: Path) -> None:
    loaded = house(tmp_path, "speech:\n  models: {zh: gone}\n")
    missing = faults(loaded, ())[0]
    assert (missing.code, missing.place.line) == ("speech-model-missing", 2)


def test_without_a_model_speech_is_refused_unless_the_operator_said_keys(tmp_path: Path) -> None:
    assert codes(house(tmp_path, "language: zh\n"), "zh", "en") == [
        ("speech-unheard", True),
        ("speech-unheard", True),
    ]
    by_keys = house(tmp_path, "speech: {without_model: keys}\n")
    assert codes(by_keys, "zh") == [("speech-by-keys", False)]
    assert recogniser(by_keys) is None


def test_a_server_stands_beside_models_of_other_languages(tmp_path: Path) -> None:
    loaded = house(tmp_path, "speech: {servers: {zh: 'ws://asr:2700'}}\n", "small-cn", "ko")
    assert codes(loaded, "zh", "ko") == []
    both = recogniser(loaded)
    assert both is not None
    assert both.languages == {"zh", "ko"}
    alone = recogniser(house(tmp_path / "b", "speech: {servers: {zh: 'ws://asr:2700'}}\n"))
    assert isinstance(alone, RemoteRecogniser)


@pytest.mark.parametrize(
    "settings",
    [
        "speech: {servers: {zh: 'http://asr:2700'}}\n",
        "speech: {models: {zh: a}, servers: {zh: 'ws://asr:2700'}}\n",
    ],
)
def test_settings_that_contradict_themselves_are_refused(tmp_path: Path, settings: str) -> None:
    with pytest.raises(AuthorError):
        house(tmp_path, settings)


def test_no_batch_of_a_survey_that_nothing_can_hear_begins(tmp_path: Path) -> None:
    library = Path(__file__).parent.parent / "flows" / "library"
    spoken, keyed = read(library / "emergency.yaml").flow, read(library / "demo.yaml").flow
    assert (spoken.speech.enabled, keyed.speech.enabled) == (True, False)
    strict = house(tmp_path, "language: zh\n")
    assert accept(strict, [keyed]) == ()
    with pytest.raises(AuthorError):
        accept(strict, [keyed, spoken])
    lenient = house(tmp_path, "speech: {without_model: keys}\n")
    assert [warning.code for warning in accept(lenient, [spoken])] == ["speech-by-keys"]
