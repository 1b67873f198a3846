"""Prompts are made once a text, whoever asks, and nothing half-written is ever found."""

import asyncio
import errno
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from core.errors import AuthorError, PermanentError
from speech.contract import seconds_of
from speech.prompts import PromptCache
from speech.synthesis import Synthesis, Voice

VOICES = {"zh": Voice("cmn"), "en": Voice("en-gb")}


class Counting(Synthesis):
    """The real engine, counting how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []
        self._guard = threading.Lock()

    def make(self, text: str, voice: Voice) -> np.ndarray:
        with self._guard:
            self.made.append(text)
        return super().make(text, voice)


@pytest.fixture
def synthesis() -> Counting:
    return Counting()


@pytest.fixture
def cache(tmp_path: Path, synthesis: Counting) -> PromptCache:
    return PromptCache(tmp_path / "prompts", synthesis, voices=VOICES)


async def test_a_prompt_is_a_line_file_made_once(
    cache: PromptCache, synthesis: Counting, tmp_path: Path
) -> None:
    path = await cache.spoken("您好，请问现在方便吗？", "zh")
    with wave.open(str(path), "rb") as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
    assert await cache.spoken("您好，请问现在方便吗？", "zh") == path
    assert await cache.spoken(" 您好，请问现在方便吗？\n", "zh-CN") != path  # another language
    assert await cache.spoken(" 您好，请问现在方便吗？\n", "zh") == path
    assert len(synthesis.made) == 2
    assert await cache.measure("您好，请问现在方便吗？", "zh") == seconds_of(path) > 1
    assert len(list((tmp_path / "prompts").rglob("*.wav"))) == 2


async def test_many_who_ask_at_once_share_one_making(
    cache: PromptCache, synthesis: Counting
) -> None:
    paths = await asyncio.gather(*(cache.spoken("请稍候。", "zh") for _ in range(50)))
    assert len(set(paths)) == 1
    assert len(synthesis.made) == 1


async def test_one_who_gives_up_does_not_spoil_it_for_others(
    cache: PromptCache, synthesis: Counting
) -> None:
    impatient = asyncio.create_task(cache.spoken("请稍候。", "zh"))
    patient = asyncio.create_task(cache.spoken("请稍候。", "zh"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).exists()
    assert len(synthesis.made) == 1


async def test_voice_settings_and_language_make_other_files(
    tmp_path: Path, synthesis: Counting
) -> None:
    caches = [
        PromptCache(tmp_path, synthesis, voices={"zh": voice, "en": voice})
        for voice in (Voice("cmn"), Voice("cmn", speed=200), Voice("cmn", pitch=70), Voice("yue"))
    ]
    paths = {await cache.spoken("再见", language) for cache in caches for language in ("zh", "en")}
    assert len(paths) == 8


async def test_what_cannot_be_spoken_is_the_authors_mistake(
    tmp_path: Path, cache: PromptCache, synthesis: Counting
) -> None:
    with pytest.raises(AuthorError) as refused:
        await cache.spoken("привет", "ru")
    assert refused.value.problems[0].code == "speech-no-voice"
    wrong = PromptCache(tmp_path, synthesis, voices={"zh": Voice("cnm"), "en": Voice("nope")})
    with pytest.raises(AuthorError) as refused:
        wrong.check()
    assert [one.code for one in refused.value.problems] == ["speech-voice-unknown"] * 2
    cache.check()


async def test_everything_is_prepared_with_progress_and_all_problems(
    cache: PromptCache, synthesis: Counting
) -> None:
    seen: list[tuple[int, int]] = []
    wordings = [("您好", "zh"), ("Hello", "en"), ("您好", "zh"), ("再见", "zh")]
    paths = await cache.prepare(wordings, progress=lambda done, of: seen.append((done, of)))
    assert all(path.exists() for path in paths)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(AuthorError) as refused:
        await cache.prepare([("a", "ru"), ("谢谢", "zh"), ("b", "fr")])
    assert len(refused.value.problems) == 2
    assert "谢谢" in synthesis.made


async def test_a_full_disk_is_said_and_leaves_nothing_behind(
    cache: PromptCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(PermanentError) as refused:
            await cache.spoken("您好", "zh")
    assert refused.value.problems[0].code == "speech-disk-full"
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []
    assert (await cache.spoken("您好", "zh")).exists()


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, synthesis: Counting) -> None:
    (tmp_path / "prompts").write_text("a file, not a folder")
    cache = PromptCache(tmp_path / "prompts", synthesis, voices=VOICES)
    with pytest.raises(PermanentError) as refused:
        await cache.spoken("您好", "zh")
    assert refused.value.problems[0].code == "speech-cache-unwritable"


async def test_recordings_are_kept_by_their_content(cache: PromptCache, tmp_path: Path) -> None:
    spoken = await cache.spoken("欢迎致电。", "zh")
    first, copy = tmp_path / "welcome.wav", tmp_path / "copy.wav"
    first.write_bytes(spoken.read_bytes())
    copy.write_bytes(spoken.read_bytes())
    assert await cache.recorded(first) == await cache.recorded(copy)
    with pytest.raises(AuthorError) as refused:
        await cache.recorded(tmp_path / "absent.mp3")
    assert refused.value.problems[0].place.file == str(tmp_path / "absent.mp3")
