"""Recordings in the formats that studios and people hand in."""

from pathlib import Path

import imageio_ffmpeg
from pydub import AudioSegment


def encoded(wav: Path, to: Path) -> Path:
    """Write a WAV file as what `to`'s ending says (mp3, ogg, flac, wav); return `to`."""
    AudioSegment.converter = imageio_ffmpeg.get_ffmpeg_exe()
    with wav.open("rb") as file:
        sound = AudioSegment.from_wav(file)
    sound.export(to, format=to.suffix.removeprefix(".")).close()
    return to
