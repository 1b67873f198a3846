"""A survey of recordings: WAV and MP3 reach the line as 8 kHz files, and are measured as such."""

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.measuring import measured
from core.clock import VirtualClock
from core.disposition import Disposition
from flows.check import check_file
from ivr.channels.dry_run import DryRunChannel
from speech.audio import wav_bytes
from speech.prompts import PromptCache
from speech.synthesis import Synthesis, Voice
from tests.golden.rehearsal import NotingCall, Transcript, program, rehearse
from tests.recordings import encoded

SURVEY = """
flow: recorded
title: 录音问卷
languages: [zh]
aspects: {overall: 总体}
keys: [{key: 9, label: 拒绝, does: refuse}]
steps:
  - play: hello.wav
    text: 您好，这里是公安局回访中心，不录音。拒绝请按9。
    notice: true
  - ask: 满意请按1，不满意请按3。
    id: overall
    aspect: overall
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - play: thanks.mp3
    text: 谢谢。
  - end: completed
"""


class Files(dict[Path, str]):
    """Names of what is played, by their cached files."""

    def __init__(self) -> None:
        super().__init__()
        self.played: list[Path] = []

    def __getitem__(self, file: Path) -> str:
        self.played.append(file)
        return file.name


class Channel(DryRunChannel):
    """The dry-run channel; what it plays is noted."""

    def __init__(self, clock: VirtualClock, transcript: Transcript, files: Files) -> None:
        super().__init__(clock)
        self._transcript, self._files = transcript, files

    async def dial(self, request: Any) -> Any:
        return NotingCall(await super().dial(request), self._transcript, self._files)


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    file = tmp_path / "recorded.yaml"
    file.write_text(SURVEY, "utf-8")
    at = np.arange(8000 * 4) / 8000
    tone = (0.2 * np.sin(2 * np.pi * 500 * at)).astype(np.float32)
    (tmp_path / "hello.wav").write_bytes(wav_bytes(tone))
    (tmp_path / "short.wav").write_bytes(wav_bytes(tone[:16000]))
    encoded(tmp_path / "short.wav", tmp_path / "thanks.mp3")
    return file


async def test_recordings_are_played_from_the_cache(survey: Path, tmp_path: Path) -> None:
    cache = PromptCache(tmp_path / "cache", Synthesis(), voices={"zh": Voice("cmn", 200)})
    files = Files()
    outcome, _ = await rehearse(
        program(survey),
        "+8613800000001",
        tmp_path,
        prompts=cache,
        channel=lambda clock, transcript, _: Channel(clock, transcript, files),
    )
    assert outcome.disposition is Disposition.COMPLETED
    recorded = [file for file in files.played if "recorded" in file.parts]
    lengths = []
    for file in recorded:
        with wave.open(str(file), "rb") as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (
                8000,
                1,
                2,
            )
            lengths.append(sound.getnframes() / 8000)
    assert lengths == [pytest.approx(4, abs=0.3), pytest.approx(2, abs=0.3)]
    found = await measured(survey, cache)
    told = [found.sounds(tmp_path / name) for name in ("hello.wav", "thanks.mp3")]
    assert told == lengths
    assert check_file(survey, measure=found.measure, sounds=found.sounds) == []
    (tmp_path / "thanks.mp3").write_bytes(b"nothing")
    broken = await measured(survey, cache)
    (problem,) = check_file(survey, measure=broken.measure, sounds=broken.sounds)
    assert (problem.code, problem.place.line) == ("flow-broken-recording", 17)
