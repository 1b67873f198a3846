"""A recording cut off by a crash can be read again."""

import os
import struct
import wave
from pathlib import Path

from speech.mending import QUIET_SECONDS, mend, mend_all
from speech.tones import tone_pcm


def recording(path: Path) -> bytes:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(tone_pcm(440, seconds=0.5))
    return path.read_bytes()


def cut_off(path: Path) -> bytes:
    """Write a recording whose recorder never closed it; return it as it should be."""
    whole = recording(path)
    path.write_bytes(whole[:4] + bytes(4) + whole[8:40] + bytes(4) + whole[44:])
    return whole


def test_lengths_are_written_into_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    whole = cut_off(path)
    assert mend(path)
    assert path.read_bytes() == whole
    assert not mend(path)


def test_a_chunk_before_the_samples_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    whole = recording(path)
    more = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    path.write_bytes(whole[:4] + bytes(4) + whole[8:36] + more + b"data" + bytes(4) + whole[44:])
    assert mend(path)
    with wave.open(str(path)) as sound:
        assert sound.getnframes() == 4000


def test_what_is_no_recording_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    for content in (b"", b"RIFF", bytes(100), recording(tmp_path / "b.wav")[:30]):
        path.write_bytes(content)
        assert not mend(path)
        assert path.read_bytes() == content


def test_a_file_that_may_still_be_written_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    old, new = tmp_path / "deeper" / "old.wav", tmp_path / "new.wav"
    for path in (old, new):
        cut_off(path)
    now = new.stat().st_mtime
    os.utime(old, (now - QUIET_SECONDS - 1,) * 2)
    assert mend_all(tmp_path, now=now) == 1
    assert mend(new)
    assert not mend(old)
    assert mend_all(tmp_path / "nowhere") == 0
