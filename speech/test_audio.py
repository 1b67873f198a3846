"""Recordings of all kinds come in at the line's format."""

import wave
from pathlib import Path

import numpy as np
import pytest

from core.errors import AuthorError
from speech.audio import read_recording, wav_bytes
from speech.loudness import TARGET_DBOV, loudness
from speech.synthesis import Synthesis, Voice
from tests.recordings import encoded


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return Synthesis().make("您好，这里是公安局回访中心。", Voice("cmn"))


@pytest.fixture
def original(tmp_path: Path, speech: np.ndarray) -> Path:
    path = tmp_path / "original.wav"
    path.write_bytes(wav_bytes(speech * np.float32(0.2)))
    return path


@pytest.mark.parametrize("kind", ["wav", "mp3", "ogg", "flac"])
def test_every_usual_format_is_read(original: Path, speech: np.ndarray, kind: str) -> None:
    file = encoded(original, original.with_suffix(f".copy.{kind}"))
    found = read_recording(file)
    assert len(found.sound) / 8000 == pytest.approx(len(speech) / 8000, abs=0.3)
    assert loudness(found.sound, 8000).active_dbov == pytest.approx(TARGET_DBOV, abs=1)
    assert found.warnings == ()


def test_a_studio_file_is_brought_to_the_line(tmp_path: Path) -> None:
    at = np.arange(48000) / 48000
    tone = 0.1 * np.sin(2 * np.pi * 1000 * at) + 0.1 * np.sin(2 * np.pi * 6000 * at)
    quiet = np.zeros(48000)
    left = np.concatenate([quiet, tone, quiet])
    stereo = np.round(np.stack([left, left], axis=1) * 8388607).astype("<i4")
    file = tmp_path / "studio.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(3)
        out.setframerate(48000)
        out.writeframes(stereo.reshape(-1).view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    found = read_recording(file)
    assert 1.0 < len(found.sound) / 8000 < 1.3  # the silence is cut
    spectrum = np.abs(np.fft.rfft(found.sound))
    hertz = np.fft.rfftfreq(len(found.sound), 1 / 8000)
    assert hertz[spectrum.argmax()] == pytest.approx(1000, abs=2)
    assert spectrum[(hertz > 1950) & (hertz < 2050)].max() < spectrum.max() / 500  # 8000 - 6000


def test_clipping_and_faintness_are_reported(tmp_path: Path, speech: np.ndarray) -> None:
    for factor, code in ((20.0, "speech-recording-clipped"), (0.02, "speech-recording-faint")):
        file = tmp_path / f"{factor}.wav"
        file.write_bytes(wav_bytes(speech * np.float32(factor)))
        (warning,) = read_recording(file).warnings
        assert warning.code == code
        assert warning.severity == "warning"
        assert warning.place.file == str(file)
        assert warning.sentence()


def test_what_is_no_recording_is_refused_with_its_place(tmp_path: Path) -> None:
    text, silent = tmp_path / "notes.mp3", tmp_path / "silent.wav"
    text.write_text("not a sound")
    silent.write_bytes(wav_bytes(np.zeros(8000, np.float32)))
    empty = tmp_path / "empty.wav"
    empty.write_bytes(b"")
    for file, code in (
        (text, "speech-recording-unreadable"),
        (empty, "speech-recording-unreadable"),
        (silent, "speech-recording-silent"),
        (tmp_path / "absent.wav", "speech-recording-missing"),
        (tmp_path, "speech-recording-missing"),
    ):
        with pytest.raises(AuthorError) as refused:
            read_recording(file)
        assert [one.code for one in refused.value.problems] == [code]
        assert refused.value.problems[0].place.file == str(file)


@pytest.mark.parametrize("apart", [12, 30, 45])
def test_the_noise_of_the_room_is_estimated_and_cut_off_both_ends(
    tmp_path: Path, speech: np.ndarray, apart: float
) -> None:
    level = loudness(speech, 8000).active_dbov - apart
    room = np.random.default_rng(5).normal(0, 10 ** (level / 20), len(speech) + 16000)
    room[8000:-8000] += speech
    file = tmp_path / "room.wav"
    file.write_bytes(wav_bytes((room / 2).astype(np.float32)))
    found = read_recording(file)
    assert found.signal_to_noise == pytest.approx(apart, abs=2.5)
    noisy = [one for one in found.warnings if one.code == "speech-recording-noisy"]
    assert bool(noisy) == (apart < 20)
    if apart > 25:
        assert len(found.sound) / 8000 == pytest.approx(len(speech) / 8000, abs=0.25)
