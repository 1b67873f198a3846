"""Silent prompts: lengths without sound."""

import wave
from pathlib import Path

from ivr.prompt_length import SilentPrompts, estimate, length_of


async def test_a_silent_prompt_tells_its_length_in_its_name() -> None:
    prompts = SilentPrompts(step=0.5)
    words = "您对民警的处理总体上是否满意？满意请按1，不满意请按3。"
    path = await prompts.spoken(words, "zh")
    assert not path.exists()
    assert estimate(words, "zh") <= length_of(path) < estimate(words, "zh") + 0.5
    assert await prompts.spoken(words, "zh") == path
    assert await prompts.spoken(words, "en") != path


async def test_a_real_recording_keeps_its_length(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 8000 * 2))
    assert length_of(tmp_path / "a.wav") == 2.0
    assert length_of(await SilentPrompts().recorded(tmp_path / "a.wav")) == 2.0
